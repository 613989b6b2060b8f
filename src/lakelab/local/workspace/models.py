"""REST calls about models: MLflow's ``databricks-uc`` registry client and ``databricks.sdk``.

Both ways lead to the same registry and the same privileges. Follows
https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/ and, for the SDK,
https://docs.databricks.com/api/workspace/registeredmodels
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.models import PENDING, READY, Registry, Version
from lakelab.local.catalog.names import TableName, model_name, split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.api import FILES_API, MLFLOW_API, UNITY_API, Call, Endpoint, page_of
from lakelab.local.workspace.catalog import Catalog
from lakelab.local.workspace.presigned_urls import PresignedUrls

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities.model_registry import RegisteredModel

_NAME_FILTER = re.compile(r"""\s*name\s*=\s*(?:'([^']+)'|"([^"]+)")\s*""", re.IGNORECASE)


class Models:
    """Who may do what with models, and the answers in both clients' words."""

    def __init__(
        self, registry: Registry, catalog: Catalog, governance: Governance, urls: PresignedUrls
    ):
        self.registry = registry
        self.catalog = catalog
        self.governance = governance
        self.urls = urls
        self._ready: dict[tuple[str, str], Path] = {}

    def endpoints(self) -> list[Endpoint]:
        models, versions = f"{MLFLOW_API}/registered-models", f"{MLFLOW_API}/model-versions"
        one = f"{UNITY_API}/models/{{name}}"
        return [
            # MLflow
            ("POST", f"{models}/create", self.create),
            ("GET", f"{models}/get", self.get),
            ("PATCH", f"{models}/update", self.update),
            ("DELETE", f"{models}/delete", self.delete),
            ("GET", f"{models}/search", self.search),
            ("POST", f"{models}/set-tag", self.set_tag),
            ("DELETE", f"{models}/delete-tag", self.delete_tag),
            ("POST", f"{models}/alias", self.set_alias),
            ("DELETE", f"{models}/alias", self.delete_alias),
            ("GET", f"{models}/alias", self.get_version_by_alias),
            ("POST", f"{versions}/create", self.create_version),
            ("POST", f"{versions}/finalize", self.finalize_version),
            ("GET", f"{versions}/get", self.get_version),
            ("PATCH", f"{versions}/update", self.update_version),
            ("DELETE", f"{versions}/delete", self.delete_version),
            ("GET", f"{versions}/search", self.search_versions),
            ("POST", f"{versions}/set-tag", self.set_version_tag),
            ("DELETE", f"{versions}/delete-tag", self.delete_version_tag),
            ("GET", f"{versions}/get-download-uri", self.download_uri),
            ("POST", f"{versions}/generate-temporary-credentials", self.credentials),
            ("POST", f"{versions}/emit-lineage", _nothing),
            ("GET", f"{models}:is-databricks-sdk-models-artifact-repository-enabled", _nothing),
            # files of versions, for MLflow
            ("POST", f"{FILES_API}/create-upload-url", self.upload_url),
            ("POST", f"{FILES_API}/create-download-url", self.download_url),
            ("GET", f"{FILES_API}/directories/{{path:path}}", self.list_directory),
            # databricks.sdk
            ("GET", f"{UNITY_API}/models", self.sdk_list),
            ("POST", f"{UNITY_API}/models", self.sdk_create),
            ("GET", one, self.sdk_get),
            ("PATCH", one, self.sdk_update),
            ("DELETE", one, self.delete),
            ("PUT", f"{one}/aliases/{{alias}}", self.sdk_set_alias),
            ("GET", f"{one}/aliases/{{alias}}", self.sdk_get_version_by_alias),
            ("DELETE", f"{one}/aliases/{{alias}}", self.delete_alias),
            ("GET", f"{one}/versions", self.sdk_list_versions),
            ("GET", f"{one}/versions/{{version}}", self.sdk_get_version),
            ("PATCH", f"{one}/versions/{{version}}", self.sdk_update_version),
            ("DELETE", f"{one}/versions/{{version}}", self.delete_version),
        ]

    def _allowed(self, call: Call, *one_of: str) -> str:
        """Give the name of the model that the caller may use so; no privilege means its owner."""
        name = model_name(call.text("name"))
        self.governance.require(call.user, Securable("function", name), *one_of)
        return name

    # ---- registered models -------------------------------------------------------------------
    def _create(self, call: Call, name: str, description: str | None) -> RegisteredModel:
        catalog, schema, _ = split_name(name, 3, "Registered model")
        parent = Securable("schema", f"{catalog}.{schema}")
        self.catalog.require(parent)
        self.governance.require(call.user, parent, "CREATE_MODEL", "CREATE_FUNCTION")
        self._require_no_function(name)
        model = self.registry.create_model(name, call.tags(), description)
        if call.user != self.governance.admin:
            self.governance.describe(Securable("function", name), owner=call.user)
        return model

    def _require_no_function(self, name: str) -> None:
        """Refuse the name of a function: models and functions of a schema share their names."""
        if self.catalog.functions.exists(TableName(*name.split("."))):
            raise ApiError(
                "RESOURCE_ALREADY_EXISTS",
                f"There is a function '{name}'; models and functions of a schema share their names. "
                "Choose another name for the model.",
            )

    def create(self, call: Call) -> dict[str, Any]:
        name = model_name(call.text("name"))
        return self._model_answer(self._create(call, name, call.optional("description")))

    def get(self, call: Call) -> dict[str, Any]:
        return self._model_answer(self.registry.model(self._allowed(call, "EXECUTE")))

    def update(self, call: Call) -> dict[str, Any]:
        name = self._allowed(call)
        self._describe(name, call.optional("description"))
        return self._model_answer(self.registry.model(self._rename(call, name)))

    def _describe(self, name: str, description: str | None) -> None:
        self.registry.model(name)
        if description is not None:
            self.registry.describe_model(name, description)

    def _rename(self, call: Call, name: str) -> str:
        """Rename within the schema, if asked to; a new name may have one level or all three."""
        new_name = call.optional("new_name")
        if not new_name:
            return name
        schema = name.rpartition(".")[0]
        full = model_name(new_name if "." in new_name else f"{schema}.{new_name}")
        if full.rpartition(".")[0] != schema:
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Cannot rename '{name}' to '{new_name}': a model stays in its schema '{schema}'. "
                "To have it elsewhere, copy its versions: copy_model_version.",
            )
        if full != name:
            self._require_no_function(full)
            self.registry.rename_model(name, full)
            self._ready.clear()
            self.governance.rename(Securable("function", name), Securable("function", full))
        return full

    def delete(self, call: Call) -> None:
        name = self._allowed(call)
        self.registry.delete_model(name)
        self.governance.forget(Securable("function", name))

    def search(self, call: Call) -> dict[str, Any]:
        if call.optional("filter"):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                "Filters are not supported when searching registered models in Unity Catalog.",
            )
        seen = [m for m in self.registry.models() if self._seen(call, m.name)]
        models, token = page_of(call, seen)
        return _without_none(
            registered_models=[self._model_answer(m)["registered_model"] for m in models],
            next_page_token=token,
        )

    def _seen(self, call: Call, name: str) -> bool:
        return self.governance.may(call.user, Securable("function", name), "EXECUTE", "BROWSE")

    def set_tag(self, call: Call) -> None:
        name = self._allowed(call, "APPLY_TAG")
        self.registry.set_model_tag(name, call.text("key"), call.optional("value") or "")

    def delete_tag(self, call: Call) -> None:
        self.registry.delete_model_tag(self._allowed(call, "APPLY_TAG"), call.text("key"))

    def set_alias(self, call: Call) -> None:
        self.registry.set_alias(self._allowed(call), call.text("alias"), call.text("version"))

    def delete_alias(self, call: Call) -> None:
        self.registry.delete_alias(self._allowed(call), call.text("alias"))

    # ---- versions ----------------------------------------------------------------------------
    def create_version(self, call: Call) -> dict[str, Any]:
        version = self.registry.create_version(
            self._allowed(call, "CREATE_MODEL_VERSION"),
            call.text("source"),
            user=call.user,
            run_id=call.optional("run_id") or None,
            model_id=call.optional("model_id") or None,
            tags=call.tags(),
            description=call.optional("description"),
        )
        return self._version_answer(version)

    def finalize_version(self, call: Call) -> dict[str, Any]:
        name = self._allowed(call, "CREATE_MODEL_VERSION")
        version = self.registry.finalize_version(name, call.text("version"))
        self.urls.revoke_uploads(self.registry.folder(version))
        return self._version_answer(version)

    def _version(self, call: Call) -> Version:
        return self.registry.version(self._allowed(call, "EXECUTE"), call.text("version"))

    def _version_by_alias(self, call: Call) -> Version:
        return self.registry.version_by_alias(self._allowed(call, "EXECUTE"), call.text("alias"))

    def get_version(self, call: Call) -> dict[str, Any]:
        return self._version_answer(self._version(call))

    def get_version_by_alias(self, call: Call) -> dict[str, Any]:
        return self._version_answer(self._version_by_alias(call))

    def update_version(self, call: Call) -> dict[str, Any]:
        name, number = self._allowed(call), call.text("version")
        self.registry.describe_version(name, number, call.optional("description") or "")
        return self._version_answer(self.registry.version(name, number))

    def delete_version(self, call: Call) -> None:
        self.registry.delete_version(self._allowed(call), call.text("version"))

    def search_versions(self, call: Call) -> dict[str, Any]:
        given = call.optional("filter") or ""
        match = _NAME_FILTER.fullmatch(given)
        if not match:
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Unsupported filter query : `{given}`. Please specify your filter parameter in the "
                "format `name = 'model_name'`.",
            )
        name = model_name(match[1] or match[2])
        self.governance.require(call.user, Securable("function", name), "EXECUTE")
        versions, token = page_of(call, self.registry.versions(name))
        return _without_none(
            model_versions=[self._version_answer(v)["model_version"] for v in versions],
            next_page_token=token,
        )

    def set_version_tag(self, call: Call) -> None:
        name = self._allowed(call, "APPLY_TAG")
        self.registry.set_version_tag(
            name, call.text("version"), call.text("key"), call.optional("value") or ""
        )

    def delete_version_tag(self, call: Call) -> None:
        name = self._allowed(call, "APPLY_TAG")
        self.registry.delete_version_tag(name, call.text("version"), call.text("key"))

    # ---- files of versions: /Models/<catalog>/<schema>/<model>/<version>/<path> -----------------
    def download_uri(self, call: Call) -> dict[str, Any]:
        return {"artifact_uri": str(self.registry.folder(self._version(call)))}

    def credentials(self, call: Call) -> dict[str, Any]:
        """Answer that files are in Databricks' own storage: the client then asks for presigned URLs."""
        if call.optional("operation") == "MODEL_VERSION_OPERATION_READ_WRITE":
            name = self._allowed(call, "CREATE_MODEL_VERSION")
            self.registry.version(name, call.text("version"))
        else:
            _require_ready(self._version(call))
        return {"credentials": {"storage_mode": "DEFAULT_STORAGE"}}

    def upload_url(self, call: Call) -> dict[str, Any]:
        name, number, parts = self._located(call, "CREATE_MODEL_VERSION")
        version = self.registry.version(name, number)
        if version.record.status != PENDING:
            raise ApiError(
                "INVALID_STATE",
                f"Version {version.number} of model '{version.name}' is {version.record.status}: its "
                "files do not change any more. Register a new version.",
            )
        folder = self.registry.folder(version)
        return self.urls.sign("PUT", folder, self._file(folder, parts))

    def download_url(self, call: Call) -> dict[str, Any]:
        folder, parts = self._ready_folder(call)
        file = self._file(folder, parts)
        if not file.is_file():
            raise ApiError(
                "NOT_FOUND", f"The file being accessed is not found: {call.text('path')}."
            )
        return self.urls.sign("GET", folder, file)

    def list_directory(self, call: Call) -> dict[str, Any]:
        folder, parts = self._ready_folder(call)
        directory, asked = self.registry.files.inside(folder, parts), call.text("path").strip("/")
        if not directory.is_dir():
            raise ApiError("NOT_FOUND", f"The directory being accessed is not found: /{asked}.")
        return {
            "contents": [
                {
                    "path": f"/{asked}/{entry.name}",
                    "name": entry.name,
                    "is_directory": entry.is_dir(),
                    "file_size": entry.stat().st_size,
                }
                for entry in self.registry.files.entries(folder, directory)
            ]
        }

    def _ready_folder(self, call: Call) -> tuple[Path, list[str]]:
        """Find the folder of the version in a path, whose files do not change any more, and the rest.

        A download asks for each file, and the registry takes longer to answer than the disk: what was
        found is remembered. A version that is deleted takes its folder along, so it is looked up again.
        """
        name, number, parts = self._located(call, "EXECUTE")
        folder = self._ready.get((name, number))
        if folder is None or not folder.is_dir():
            version = self.registry.version(name, number)
            _require_ready(version)
            folder = self._ready[name, number] = self.registry.folder(version)
        return folder, parts

    def _located(self, call: Call, privilege: str) -> tuple[str, str, list[str]]:
        """Split a path into the model's name, which the caller may use so, the version, and the rest."""
        path = call.text("path")
        root, *levels = path.strip("/").split("/")
        if root != "Models" or len(levels) < 4:
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Invalid path '{path}': expected /Models/<catalog>/<schema>/<model>/<version>/...",
            )
        name = model_name(".".join(levels[:3]))
        self.governance.require(call.user, Securable("function", name), privilege)
        return name, levels[3], levels[4:]

    def _file(self, folder: Path, parts: list[str]) -> Path:
        if not parts:
            raise ApiError("INVALID_PARAMETER_VALUE", "Invalid path: it names no file.")
        return self.registry.files.inside(folder, parts)

    # ---- databricks.sdk ----------------------------------------------------------------------
    def sdk_list(self, call: Call) -> dict[str, Any]:
        given = (call.optional("catalog_name"), call.optional("schema_name"))
        wanted = [level.lower() for level in given if level]
        if len(wanted) == 2:
            self.catalog.require(Securable("schema", ".".join(wanted)))
        return {
            "registered_models": [
                self._sdk_model(model)
                for model in self.registry.models()
                if model.name.split(".")[: len(wanted)] == wanted and self._seen(call, model.name)
            ]
        }

    def sdk_create(self, call: Call) -> dict[str, Any]:
        levels = (call.text("catalog_name"), call.text("schema_name"), call.text("name"))
        return self._sdk_model(
            self._create(call, model_name(".".join(levels)), call.optional("comment"))
        )

    def sdk_get(self, call: Call) -> dict[str, Any]:
        return self._sdk_model(self.registry.model(self._allowed(call, "EXECUTE", "BROWSE")))

    def sdk_update(self, call: Call) -> dict[str, Any]:
        name = self._allowed(call)
        self._describe(name, call.optional("comment"))
        if owner := call.optional("owner"):
            self.governance.describe(Securable("function", name), owner=owner)
        return self._sdk_model(self.registry.model(self._rename(call, name)))

    def sdk_set_alias(self, call: Call) -> dict[str, Any]:
        alias, number = call.text("alias"), call.integer("version_num")
        self.registry.set_alias(self._allowed(call), alias, str(number))
        return {"alias_name": alias, "version_num": number}

    def sdk_get_version_by_alias(self, call: Call) -> dict[str, Any]:
        return self._with_dependencies(self._version_by_alias(call))

    def _with_dependencies(self, version: Version) -> dict[str, Any]:
        """Add the feature tables and functions of a model that the feature engineering client packaged.

        Follows https://docs.databricks.com/api/workspace/modelversions/get. They are in the version's
        own files, so a copy has them, too.
        """
        answer = self._sdk_version(version)
        spec = self.registry.folder(version) / "data" / "feature_store" / "feature_spec.yaml"
        if spec.is_file():
            told = yaml.safe_load(spec.read_text(encoding="utf-8")) or {}
            tables = [name for table in told.get("input_tables") or [] for name in table]
            functions = [name for one in told.get("input_functions") or [] for name in one]
            answer["model_version_dependencies"] = {
                "dependencies": [
                    *({"table": {"table_full_name": name}} for name in tables),
                    *({"function": {"function_full_name": name}} for name in functions),
                ]
            }
        return answer

    def sdk_list_versions(self, call: Call) -> dict[str, Any]:
        name = self._allowed(call, "EXECUTE")
        self.registry.model(name)
        return {"model_versions": [self._sdk_version(v) for v in self.registry.versions(name)]}

    def sdk_get_version(self, call: Call) -> dict[str, Any]:
        return self._with_dependencies(self._version(call))

    def sdk_update_version(self, call: Call) -> dict[str, Any]:
        name, number = self._allowed(call), call.text("version")
        self.registry.describe_version(name, number, call.optional("comment") or "")
        return self._sdk_version(self.registry.version(name, number))

    # ---- the answers -------------------------------------------------------------------------
    def _model_answer(self, model: RegisteredModel) -> dict[str, Any]:
        answer = _without_none(
            name=model.name,
            description=model.description or "",
            user_id=self.governance.owner(Securable("function", model.name)),
            creation_timestamp=model.creation_timestamp,
            last_updated_timestamp=model.last_updated_timestamp,
            aliases=[{"alias": a, "version": str(v)} for a, v in model.aliases.items()],
            tags=[{"key": key, "value": str(value)} for key, value in model.tags.items()],
        )
        return {"registered_model": answer}

    def _version_answer(self, version: Version) -> dict[str, Any]:
        entity = version.entity
        answer = _without_none(
            name=version.name,
            version=str(version.number),
            description=entity.description or "",
            user_id=version.record.user or self.governance.admin,
            creation_timestamp=entity.creation_timestamp,
            last_updated_timestamp=entity.last_updated_timestamp,
            source=version.record.source,
            run_id=entity.run_id or "",
            model_id=version.model_id,
            status=version.record.status,
            aliases=[{"alias": a, "version": str(version.number)} for a in entity.aliases],
            tags=[{"key": key, "value": str(value)} for key, value in version.tags.items()],
        )
        return {"model_version": answer}

    def _sdk_model(self, model: RegisteredModel) -> dict[str, Any]:
        catalog, schema, name = model.name.split(".")
        owner = self.governance.owner(Securable("function", model.name))
        return _without_none(
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

    def _sdk_version(self, version: Version) -> dict[str, Any]:
        catalog, schema, name = version.name.split(".")
        entity = version.entity
        return _without_none(
            catalog_name=catalog,
            schema_name=schema,
            model_name=name,
            version=version.number,
            comment=entity.description or None,
            status=version.record.status,
            source=version.record.source,
            run_id=entity.run_id or None,
            created_by=version.record.user or self.governance.admin,
            created_at=entity.creation_timestamp,
            updated_at=entity.last_updated_timestamp,
            aliases=[{"alias_name": a, "version_num": version.number} for a in entity.aliases],
        )


def _nothing(call: Call) -> None:
    """Take note, and answer with nothing: lineage is shown on Databricks only."""


def _require_ready(version: Version) -> None:
    if version.record.status != READY:
        raise ApiError(
            "INVALID_STATE",
            f"Version {version.number} of model '{version.name}' is {version.record.status}, not "
            f"{READY}: its upload did not end. Register the model again.",
        )


def _without_none(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
