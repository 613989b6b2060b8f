"""REST calls about models, as ``databricks.sdk`` makes them.

Follows https://docs.databricks.com/api/workspace/registeredmodels and /modelversions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from lakelab.local.catalog.model_version import Version
from lakelab.local.catalog.names import model_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint, without_none
from lakelab.local.workspace.model_service import ModelService

if TYPE_CHECKING:
    from mlflow.entities.model_registry import RegisteredModel


class SdkModelsApi:
    """The calls of databricks.sdk about registered models and their versions.

    Parameters
    ----------
    models : ModelService
    """

    def __init__(self, models: ModelService):
        self._models = models
        self._registry = models.registry

    def endpoints(self) -> list[Endpoint]:
        model = f"{UNITY_API}/models/{{name}}"
        return [
            ("GET", f"{UNITY_API}/models", self.list),
            ("POST", f"{UNITY_API}/models", self.create),
            ("GET", model, self.get),
            ("PATCH", model, self.update),
            ("DELETE", model, self._models.delete),
            ("PUT", f"{model}/aliases/{{alias}}", self.set_alias),
            ("GET", f"{model}/aliases/{{alias}}", self.get_version_by_alias),
            ("DELETE", f"{model}/aliases/{{alias}}", self._models.delete_alias),
            ("GET", f"{model}/versions", self.list_versions),
            ("GET", f"{model}/versions/{{version}}", self.get_version),
            ("PATCH", f"{model}/versions/{{version}}", self.update_version),
            ("DELETE", f"{model}/versions/{{version}}", self._models.delete_version),
        ]

    # ---- registered models -------------------------------------------------------------------
    def list(self, call: Call) -> dict[str, Any]:
        given = (call.optional("catalog_name"), call.optional("schema_name"))
        parents = [level.lower() for level in given if level]
        if len(parents) == 2:
            self._models.securables.require(Securable("schema", ".".join(parents)))
        models = self._models.visible_models(call, *parents)
        return {"registered_models": [self._model(model) for model in models]}

    def create(self, call: Call) -> dict[str, Any]:
        levels = (call.text("catalog_name"), call.text("schema_name"), call.text("name"))
        name = model_name(".".join(levels))
        return self._model(self._models.create(call, name, call.optional("comment")))

    def get(self, call: Call) -> dict[str, Any]:
        name = self._models.authorized_name(call, "EXECUTE", "BROWSE")
        return self._model(self._registry.model(name))

    def update(self, call: Call) -> dict[str, Any]:
        name = self._models.authorized_name(call)
        self._models.set_description(name, call.optional("comment"))
        if owner := call.optional("owner"):
            self._models.governance.update(Securable("function", name), owner=owner)
        name = self._models.rename(name, call.optional("new_name"))
        return self._model(self._registry.model(name))

    def set_alias(self, call: Call) -> dict[str, Any]:
        alias, number = call.text("alias"), call.integer("version_num")
        self._registry.set_alias(self._models.authorized_name(call), alias, str(number))
        return {"alias_name": alias, "version_num": number}

    # ---- versions ----------------------------------------------------------------------------
    def list_versions(self, call: Call) -> dict[str, Any]:
        name = self._models.authorized_name(call, "EXECUTE")
        self._registry.model(name)
        return {"model_versions": [self._version(v) for v in self._registry.versions(name)]}

    def get_version(self, call: Call) -> dict[str, Any]:
        return self._version_with_dependencies(self._models.version(call))

    def get_version_by_alias(self, call: Call) -> dict[str, Any]:
        return self._version_with_dependencies(self._models.version_by_alias(call))

    def update_version(self, call: Call) -> dict[str, Any]:
        return self._version(self._models.set_version_description(call, "comment"))

    # ---- answers -----------------------------------------------------------------------------
    def _model(self, model: RegisteredModel) -> dict[str, Any]:
        catalog, schema, name = model.name.split(".")
        owner = self._models.owner(model.name)
        return without_none(
            name=name,
            catalog_name=catalog,
            schema_name=schema,
            full_name=model.name,
            owner=owner,
            created_by=owner,
            comment=model.description or None,
            created_at=model.creation_timestamp,
            updated_at=model.last_updated_timestamp,
            aliases=[{"alias_name": a, "version_num": int(v)} for a, v in model.aliases.items()],
        )

    def _version(self, version: Version) -> dict[str, Any]:
        catalog, schema, name = version.name.split(".")
        entity = version.entity
        return without_none(
            catalog_name=catalog,
            schema_name=schema,
            model_name=name,
            version=version.number,
            comment=entity.description or None,
            status=version.record.status,
            source=version.record.source,
            run_id=entity.run_id or None,
            created_by=version.record.user or self._models.governance.admin,
            created_at=entity.creation_timestamp,
            updated_at=entity.last_updated_timestamp,
            aliases=[{"alias_name": a, "version_num": version.number} for a in entity.aliases],
        )

    def _version_with_dependencies(self, version: Version) -> dict[str, Any]:
        """Add the feature tables and functions of a model that the feature engineering client packaged.

        Follows https://docs.databricks.com/api/workspace/modelversions/get. The dependencies are read
        from the version's own files, so a copy has them, too.
        """
        answer = self._version(version)
        file = self._registry.folder(version) / "data" / "feature_store" / "feature_spec.yaml"
        if file.is_file():
            spec = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
            tables = [name for entry in spec.get("input_tables") or [] for name in entry]
            functions = [name for entry in spec.get("input_functions") or [] for name in entry]
            answer["model_version_dependencies"] = {
                "dependencies": [
                    *({"table": {"table_full_name": name}} for name in tables),
                    *({"function": {"function_full_name": name}} for name in functions),
                ]
            }
        return answer
