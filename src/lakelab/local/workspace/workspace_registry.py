"""REST calls about the workspace registry, the older of Databricks' two registries.

Its models have stages, and only their own workspace knows them. MLflow's client calls it for the
registry URI ``databricks`` (or ``databricks://<profile>``), databricks.sdk as ``model_registry``.

Follows https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/workspace-model-registry
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.workspace.api import Call, Endpoint, paginate, without_none
from lakelab.local.workspace.presigned_urls import PresignedUrls
from lakelab.local.workspace.workspace_registry_store import (
    RECORD_TAG,
    WorkspaceRegistryStore,
    one_level_name,
)

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

API = "/api/2.0/mlflow"


class WorkspaceRegistryApi:
    """The calls about the registered models of one workspace.

    Parameters
    ----------
    store : WorkspaceRegistryStore
    urls : PresignedUrls
        The URLs that the client downloads files from.
    """

    def __init__(self, store: WorkspaceRegistryStore, urls: PresignedUrls):
        self._store = store
        self._urls = urls

    def endpoints(self) -> list[Endpoint]:
        models, versions = f"{API}/registered-models", f"{API}/model-versions"
        return [
            ("POST", f"{models}/create", self.create),
            ("GET", f"{models}/get", self.get),
            ("GET", f"{models}/list", self.search),
            ("GET", f"{models}/search", self.search),
            ("POST", f"{models}/rename", self.rename),
            ("PATCH", f"{models}/update", self.update),
            ("DELETE", f"{models}/delete", self.delete),
            ("POST", f"{models}/set-tag", self.set_tag),
            ("DELETE", f"{models}/delete-tag", self.delete_tag),
            ("POST", f"{models}/get-latest-versions", self.get_latest_versions),
            ("GET", f"{models}/get-latest-versions", self.get_latest_versions),
            ("POST", f"{versions}/create", self.create_version),
            ("GET", f"{versions}/get", self.get_version),
            ("GET", f"{versions}/search", self.search_versions),
            ("PATCH", f"{versions}/update", self.update_version),
            ("DELETE", f"{versions}/delete", self.delete_version),
            ("POST", f"{versions}/transition-stage", self.transition_stage),
            ("POST", f"{versions}/set-tag", self.set_version_tag),
            ("DELETE", f"{versions}/delete-tag", self.delete_version_tag),
            ("GET", f"{versions}/get-download-uri", self.get_download_uri),
            ("GET", f"{versions}/list-artifacts", self.list_artifacts),
            ("GET", f"{versions}/get-signed-download-uri", self.get_signed_uri),
            # databricks.sdk: WorkspaceClient().model_registry
            ("GET", f"{API}/databricks/registered-models/get", self.sdk_get),
            ("POST", f"{API}/databricks/model-versions/transition-stage", self.sdk_transition),
        ]

    # ---- registered models -------------------------------------------------------------------
    def create(self, call: Call) -> dict[str, Any]:
        model = self._store.create_model(_name(call), call.tags(), call.optional("description"))
        return {"registered_model": _model_json(model)}

    def get(self, call: Call) -> dict[str, Any]:
        return {"registered_model": _model_json(self._store.model(_name(call)))}

    def sdk_get(self, call: Call) -> dict[str, Any]:
        return {"registered_model_databricks": _model_json(self._store.model(_name(call)))}

    def search(self, call: Call) -> dict[str, Any]:
        models = self._store.models(call.optional("filter"), call.texts("order_by") or None)
        page, token = paginate(call, models)
        return without_none(
            registered_models=[_model_json(model) for model in page], next_page_token=token
        )

    def rename(self, call: Call) -> dict[str, Any]:
        name, new_name = _name(call), one_level_name(call.text("new_name"))
        return {"registered_model": _model_json(self._store.rename_model(name, new_name))}

    def update(self, call: Call) -> dict[str, Any]:
        model = self._store.describe_model(_name(call), call.optional("description"))
        return {"registered_model": _model_json(model)}

    def delete(self, call: Call) -> None:
        self._store.delete_model(_name(call))

    def set_tag(self, call: Call) -> None:
        key, value = call.text("key"), call.optional("value") or ""
        self._store.set_model_tag(_name(call), key, value)

    def delete_tag(self, call: Call) -> None:
        self._store.delete_model_tag(_name(call), call.text("key"))

    # ---- versions ----------------------------------------------------------------------------
    def create_version(self, call: Call) -> dict[str, Any]:
        version = self._store.create_version(
            _name(call),
            call.text("source"),
            tags=call.tags(),
            run_id=call.optional("run_id"),
            model_id=call.optional("model_id"),
            run_link=call.optional("run_link"),
            description=call.optional("description"),
        )
        return {"model_version": _version_json(version)}

    def get_version(self, call: Call) -> dict[str, Any]:
        return {"model_version": _version_json(self._version(call))}

    def get_latest_versions(self, call: Call) -> dict[str, Any]:
        versions = self._store.latest_versions(_name(call), call.texts("stages") or None)
        return {"model_versions": [_version_json(version) for version in versions]}

    def search_versions(self, call: Call) -> dict[str, Any]:
        versions = self._store.versions(call.optional("filter"), call.texts("order_by") or None)
        page, token = paginate(call, versions)
        return without_none(
            model_versions=[_version_json(version) for version in page], next_page_token=token
        )

    def update_version(self, call: Call) -> dict[str, Any]:
        changed = self._store.describe_version(self._version(call), call.optional("description"))
        return {"model_version": _version_json(changed)}

    def delete_version(self, call: Call) -> None:
        self._store.delete_version(self._version(call))

    def transition_stage(self, call: Call) -> dict[str, Any]:
        return {"model_version": self._transition(call)}

    def sdk_transition(self, call: Call) -> dict[str, Any]:
        return {"model_version_databricks": self._transition(call)}

    def _transition(self, call: Call) -> dict[str, Any]:
        version, stage = self._version(call), call.text("stage")
        archive = call.flag("archive_existing_versions")
        return _version_json(self._store.transition_stage(version, stage, archive))

    def set_version_tag(self, call: Call) -> None:
        version, key = self._version(call), call.text("key")
        self._store.set_version_tag(version, key, call.optional("value") or "")

    def delete_version_tag(self, call: Call) -> None:
        self._store.delete_version_tag(self._version(call), call.text("key"))

    def _version(self, call: Call) -> ModelVersion:
        return self._store.version(call.text("name"), call.text("version"))

    # ---- files -------------------------------------------------------------------------------
    def get_download_uri(self, call: Call) -> dict[str, Any]:
        return {"artifact_uri": str(self._store.folder(self._version(call)))}

    def list_artifacts(self, call: Call) -> dict[str, Any]:
        folder = self._store.folder(self._version(call))
        relative = (call.optional("path") or "").strip("/")
        files = self._store.files
        path = files.inside(folder, relative.split("/")) if relative else folder
        if path.is_file():
            size = path.stat().st_size
            return {"files": [{"path": relative, "is_dir": False, "file_size": size}]}
        if not path.is_dir():
            raise ApiError(
                conditions.RESOURCE_DOES_NOT_EXIST, f"No file or directory '{relative}'."
            )
        return {
            "files": [
                {
                    "path": f"{relative}/{entry.name}" if relative else entry.name,
                    "is_dir": entry.is_dir(),
                    "file_size": entry.stat().st_size,
                }
                for entry in files.entries(folder, path)
            ]
        }

    def get_signed_uri(self, call: Call) -> dict[str, Any]:
        folder = self._store.folder(self._version(call))
        file = self._store.files.inside(folder, call.text("path").split("/"))
        if not file.is_file():
            raise ApiError(conditions.RESOURCE_DOES_NOT_EXIST, f"No file '{call.text('path')}'.")
        signed = self._urls.sign("GET", folder, file)
        return {"signed_uri": signed["url"], "headers": signed["headers"]}


def _name(call: Call) -> str:
    return one_level_name(call.text("name"))


# ---- answers -----------------------------------------------------------------------------------------
def _model_json(model: RegisteredModel) -> dict[str, Any]:
    answer = _entity_json(model)
    answer["latest_versions"] = [_version_json(v) for v in model.latest_versions or []]
    return answer


def _version_json(version: ModelVersion) -> dict[str, Any]:
    answer = _entity_json(version)
    tags = {tag["key"]: tag.get("value", "") for tag in answer.get("tags", [])}
    if record := tags.pop(RECORD_TAG, None):
        answer["source"] = json.loads(record)["source"]
    answer["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
    return answer


def _entity_json(entity: Any) -> dict[str, Any]:
    from mlflow.utils.proto_json_utils import message_to_json

    answer: dict[str, Any] = json.loads(message_to_json(entity.to_proto()))
    return answer
