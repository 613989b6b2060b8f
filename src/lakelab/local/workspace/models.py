"""REST calls about models, as MLflow's ``databricks-uc`` registry client makes them.

Follows https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_version import Version
from lakelab.local.catalog.names import model_name
from lakelab.local.workspace.api import MLFLOW_API, Call, Endpoint, paginate, without_none
from lakelab.local.workspace.model_service import ModelService, require_ready
from lakelab.local.workspace.presigned_urls import PresignedUrls

if TYPE_CHECKING:
    from mlflow.entities.model_registry import RegisteredModel


class ModelsApi:
    """The calls of MLflow's client about registered models and their versions.

    Parameters
    ----------
    models : ModelService
    urls : PresignedUrls
        The URLs that the client uploads files to.
    """

    def __init__(self, models: ModelService, urls: PresignedUrls):
        self._models = models
        self._registry = models.registry
        self._urls = urls

    def endpoints(self) -> list[Endpoint]:
        models, versions = f"{MLFLOW_API}/registered-models", f"{MLFLOW_API}/model-versions"
        return [
            ("POST", f"{models}/create", self.create),
            ("GET", f"{models}/get", self.get),
            ("PATCH", f"{models}/update", self.update),
            ("DELETE", f"{models}/delete", self._models.delete),
            ("GET", f"{models}/search", self.search),
            ("POST", f"{models}/set-tag", self.set_tag),
            ("DELETE", f"{models}/delete-tag", self.delete_tag),
            ("POST", f"{models}/alias", self.set_alias),
            ("DELETE", f"{models}/alias", self._models.delete_alias),
            ("GET", f"{models}/alias", self.get_version_by_alias),
            ("POST", f"{versions}/create", self.create_version),
            ("POST", f"{versions}/finalize", self.finalize_version),
            ("GET", f"{versions}/get", self.get_version),
            ("PATCH", f"{versions}/update", self.update_version),
            ("DELETE", f"{versions}/delete", self._models.delete_version),
            ("GET", f"{versions}/search", self.search_versions),
            ("POST", f"{versions}/set-tag", self.set_version_tag),
            ("DELETE", f"{versions}/delete-tag", self.delete_version_tag),
            ("GET", f"{versions}/get-download-uri", self.get_download_uri),
            ("POST", f"{versions}/generate-temporary-credentials", self.get_credentials),
            # lineage is shown on Databricks only
            ("POST", f"{versions}/emit-lineage", _empty_answer),
            (
                "GET",
                f"{models}:is-databricks-sdk-models-artifact-repository-enabled",
                _empty_answer,
            ),
        ]

    # ---- registered models -------------------------------------------------------------------
    def create(self, call: Call) -> dict[str, Any]:
        name = model_name(call.text("name"))
        model = self._models.create(call, name, call.optional("description"))
        return {"registered_model": self._model(model)}

    def get(self, call: Call) -> dict[str, Any]:
        name = self._models.authorized_name(call, "EXECUTE")
        return {"registered_model": self._model(self._registry.model(name))}

    def update(self, call: Call) -> dict[str, Any]:
        name = self._models.authorized_name(call)
        self._models.set_description(name, call.optional("description"))
        name = self._models.rename(name, call.optional("new_name"))
        return {"registered_model": self._model(self._registry.model(name))}

    def search(self, call: Call) -> dict[str, Any]:
        if call.optional("filter"):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                "Filters are not supported when searching registered models in Unity Catalog.",
            )
        models, token = paginate(call, self._models.visible_models(call))
        return without_none(
            registered_models=[self._model(model) for model in models], next_page_token=token
        )

    def set_tag(self, call: Call) -> None:
        name = self._models.authorized_name(call, "APPLY_TAG")
        self._registry.set_model_tag(name, call.text("key"), call.optional("value") or "")

    def delete_tag(self, call: Call) -> None:
        name = self._models.authorized_name(call, "APPLY_TAG")
        self._registry.delete_model_tag(name, call.text("key"))

    def set_alias(self, call: Call) -> None:
        name = self._models.authorized_name(call)
        self._registry.set_alias(name, call.text("alias"), call.text("version"))

    # ---- versions ----------------------------------------------------------------------------
    def create_version(self, call: Call) -> dict[str, Any]:
        version = self._registry.create_version(
            self._models.authorized_name(call, "CREATE_MODEL_VERSION"),
            call.text("source"),
            user=call.user,
            run_id=call.optional("run_id") or None,
            model_id=call.optional("model_id") or None,
            tags=call.tags(),
            description=call.optional("description"),
        )
        return {"model_version": self._version(version)}

    def finalize_version(self, call: Call) -> dict[str, Any]:
        name = self._models.authorized_name(call, "CREATE_MODEL_VERSION")
        version = self._registry.finalize_version(name, call.text("version"))
        self._urls.revoke_uploads(self._registry.folder(version))
        return {"model_version": self._version(version)}

    def get_version(self, call: Call) -> dict[str, Any]:
        return {"model_version": self._version(self._models.version(call))}

    def get_version_by_alias(self, call: Call) -> dict[str, Any]:
        return {"model_version": self._version(self._models.version_by_alias(call))}

    def update_version(self, call: Call) -> dict[str, Any]:
        version = self._models.set_version_description(call, "description")
        return {"model_version": self._version(version)}

    def search_versions(self, call: Call) -> dict[str, Any]:
        filter_string = call.optional("filter") or ""
        given = _filtered_name(filter_string)
        if not given:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Unsupported filter query : `{filter_string}`. Please specify your filter parameter "
                "in the format `name = 'model_name'`.",
            )
        name = model_name(given)
        self._models.require_privilege(call, name, "EXECUTE")
        versions, token = paginate(call, self._registry.versions(name))
        return without_none(
            model_versions=[self._version(version) for version in versions], next_page_token=token
        )

    def set_version_tag(self, call: Call) -> None:
        name = self._models.authorized_name(call, "APPLY_TAG")
        self._registry.set_version_tag(
            name, call.text("version"), call.text("key"), call.optional("value") or ""
        )

    def delete_version_tag(self, call: Call) -> None:
        name = self._models.authorized_name(call, "APPLY_TAG")
        self._registry.delete_version_tag(name, call.text("version"), call.text("key"))

    def get_download_uri(self, call: Call) -> dict[str, Any]:
        return {"artifact_uri": str(self._registry.folder(self._models.version(call)))}

    def get_credentials(self, call: Call) -> dict[str, Any]:
        """Answer that files are in Databricks' own storage: the client then requests presigned URLs."""
        if call.optional("operation") == "MODEL_VERSION_OPERATION_READ_WRITE":
            name = self._models.authorized_name(call, "CREATE_MODEL_VERSION")
            self._registry.version(name, call.text("version"))
        else:
            require_ready(self._models.version(call))
        return {"credentials": {"storage_mode": "DEFAULT_STORAGE"}}

    # ---- answers -----------------------------------------------------------------------------
    def _model(self, model: RegisteredModel) -> dict[str, Any]:
        return without_none(
            name=model.name,
            description=model.description or "",
            user_id=self._models.owner(model.name),
            creation_timestamp=model.creation_timestamp,
            last_updated_timestamp=model.last_updated_timestamp,
            aliases=[{"alias": a, "version": str(v)} for a, v in model.aliases.items()],
            tags=[{"key": key, "value": str(value)} for key, value in model.tags.items()],
        )

    def _version(self, version: Version) -> dict[str, Any]:
        entity = version.entity
        return without_none(
            name=version.name,
            version=str(version.number),
            description=entity.description or "",
            user_id=version.record.user or self._models.governance.admin,
            creation_timestamp=entity.creation_timestamp,
            last_updated_timestamp=entity.last_updated_timestamp,
            source=version.record.source,
            run_id=entity.run_id or "",
            model_id=version.model_id,
            status=version.record.status,
            aliases=[{"alias": a, "version": str(version.number)} for a in entity.aliases],
            tags=[{"key": key, "value": str(value)} for key, value in version.tags.items()],
        )


def _empty_answer(call: Call) -> None:
    """Answer a call that has no effect on a laptop."""


def _filtered_name(text: str) -> str:
    """Return the name in a filter ``name = '...'``; empty if it is another filter.

    Examples
    --------
    >>> _filtered_name("NAME = 'main.flights.delay'"), _filtered_name("run_id = 'a'")
    ('main.flights.delay', '')
    """
    # here: the start of the workspace does not wait for sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    from lakelab.local.sql.dialect import parse_expression

    try:
        tree = parse_expression(text)
    except SqlglotError:
        return ""
    if not isinstance(tree, exp.EQ) or tree.this.sql().lower() != "name":
        return ""
    return tree.expression.name if tree.expression.is_string else ""
