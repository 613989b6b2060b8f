"""The workspace registry: the older of Databricks' two, with stages, known in one workspace only.

MLflow's client reaches it by the registry URI ``databricks`` (or ``databricks://<profile>``). Models
are kept in the open-source registry of the workspace's own MLflow store, which has the same stages and
searches; here are the REST calls, the files, and what the open-source registry does otherwise.

Follows https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/workspace-model-registry
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from filelock import FileLock

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.catalog.models import all_pages
from lakelab.local.workspace.api import Call, Endpoint, page_of
from lakelab.local.workspace.dbfs import UploadArea
from lakelab.local.workspace.presigned_urls import PresignedUrls

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.store.model_registry.abstract_store import AbstractStore

API = "/api/2.0/mlflow"
RECORD_TAG = "workspace_registry"
"""The tag of a version that holds what the open-source registry has no room for."""

_PAGE = 200


class WorkspaceRegistry:
    """The registered models of one workspace.

    Parameters
    ----------
    store_uri : str
        The workspace's own MLflow store: ``sqlite:///...`` or the URL of an ``mlflow server``.
    files : ModelFiles
        Where the files of the versions are; a model's versions lie in ``registry/<workspace>/<model>``.
    uploads : UploadArea
        Where the client puts the files of a model before it registers it.
    urls : PresignedUrls
        By which the client fetches them again.
    lock : Path
        A file that lets one writer at a time change the registry, among all processes.
    name : str
        The workspace's name.
    """

    def __init__(
        self,
        store_uri: str,
        files: ModelFiles,
        uploads: UploadArea,
        urls: PresignedUrls,
        lock: Path,
        name: str,
    ):
        self.store_uri = store_uri
        self.files = files
        self.uploads = uploads
        self.urls = urls
        self.name = name
        self._lock_path = lock
        self._opened: AbstractStore | None = None
        self._opening = threading.Lock()

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
            ("POST", f"{models}/get-latest-versions", self.latest_versions),
            ("GET", f"{models}/get-latest-versions", self.latest_versions),
            ("POST", f"{versions}/create", self.create_version),
            ("GET", f"{versions}/get", self.get_version),
            ("GET", f"{versions}/search", self.search_versions),
            ("PATCH", f"{versions}/update", self.update_version),
            ("DELETE", f"{versions}/delete", self.delete_version),
            ("POST", f"{versions}/transition-stage", self.transition),
            ("POST", f"{versions}/set-tag", self.set_version_tag),
            ("DELETE", f"{versions}/delete-tag", self.delete_version_tag),
            ("GET", f"{versions}/get-download-uri", self.download_uri),
            ("GET", f"{versions}/list-artifacts", self.list_artifacts),
            ("GET", f"{versions}/get-signed-download-uri", self.signed_uri),
            # databricks.sdk: WorkspaceClient().model_registry
            ("GET", f"{API}/databricks/registered-models/get", self.sdk_get),
            ("POST", f"{API}/databricks/model-versions/transition-stage", self.sdk_transition),
        ]

    # ---- the store ---------------------------------------------------------------------------
    @property
    def _store(self) -> AbstractStore:
        """The open-source registry; MLflow is imported here, at the first call that needs it.

        The store and not `MlflowClient`, which warns at each call about stages that they are
        deprecated: that is for the learner's own client to say.
        """
        with self._opening:
            if self._opened is None:
                from mlflow.tracking._model_registry.utils import _get_store

                with self._locked():
                    self._opened = _get_store(self.store_uri, self.store_uri)
                    self._opened.search_registered_models(max_results=1)
            return self._opened

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The open-source registry numbers versions "max + 1", without a lock of its own.
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock_path, timeout=60):
            yield

    # ---- registered models -------------------------------------------------------------------
    def create(self, call: Call) -> dict[str, Any]:
        from mlflow.entities.model_registry import RegisteredModelTag

        name = plain_name(call.text("name"))
        tags = [RegisteredModelTag(key, value) for key, value in call.tags().items()]
        with self._locked_store() as store:
            model = store.create_registered_model(name, tags, call.optional("description"))
        return {"registered_model": self._model(model)}

    def get(self, call: Call) -> dict[str, Any]:
        return {"registered_model": self._model(self._found(call))}

    def sdk_get(self, call: Call) -> dict[str, Any]:
        return {"registered_model_databricks": self._model(self._found(call))}

    def _found(self, call: Call) -> RegisteredModel:
        return self._store.get_registered_model(plain_name(call.text("name")))

    def search(self, call: Call) -> dict[str, Any]:
        from mlflow.store.entities import PagedList

        def page(token: str | None) -> PagedList[RegisteredModel]:
            return self._store.search_registered_models(
                call.optional("filter"), _PAGE, call.texts("order_by") or None, token
            )

        found, token = page_of(call, [self._model(m) for m in all_pages(page) if _is_ours(m.name)])
        return {"registered_models": found, **({"next_page_token": token} if token else {})}

    def rename(self, call: Call) -> dict[str, Any]:
        name, new_name = plain_name(call.text("name")), plain_name(call.text("new_name"))
        with self._locked_store() as store:
            return {"registered_model": self._model(store.rename_registered_model(name, new_name))}

    def update(self, call: Call) -> dict[str, Any]:
        name, text = plain_name(call.text("name")), call.optional("description")
        with self._locked_store() as store:
            return {"registered_model": self._model(store.update_registered_model(name, text))}

    def delete(self, call: Call) -> None:
        """Delete a model whose versions are in no active stage, as the workspace registry wants it."""
        name = plain_name(call.text("name"))
        versions = list(self._versions(f"name='{_quoted(name)}'"))
        active = {v.current_stage for v in versions} & {"Staging", "Production"}
        if active:
            raise ApiError(
                "INVALID_STATE",
                f"Cannot delete registered model '{name}': it has versions in the stages "
                f"{', '.join(sorted(active))}. Move them to None or Archived first.",
            )
        with self._locked_store() as store:
            store.delete_registered_model(name)
        for version in versions:
            self._delete_files(version)

    def set_tag(self, call: Call) -> None:
        from mlflow.entities.model_registry import RegisteredModelTag

        tag = RegisteredModelTag(call.text("key"), call.optional("value") or "")
        with self._locked_store() as store:
            store.set_registered_model_tag(plain_name(call.text("name")), tag)

    def delete_tag(self, call: Call) -> None:
        with self._locked_store() as store:
            store.delete_registered_model_tag(plain_name(call.text("name")), call.text("key"))

    # ---- versions ----------------------------------------------------------------------------
    def create_version(self, call: Call) -> dict[str, Any]:
        """Take a model that was uploaded, or another version's files, as the next version."""
        from mlflow.entities.model_registry import ModelVersionTag

        name, source = plain_name(call.text("name")), call.text("source")
        self._store.get_registered_model(name)
        tags = {**call.tags()}
        _refuse_record_tag(tags)
        folder = self.files.new_folder(f"registry.{self.name}.{name}")
        try:
            self._bring_files(source, self.files.folder(folder))
            record = json.dumps({"source": source, "files": folder})
            with self._locked_store() as store:
                version = store.create_model_version(
                    name,
                    self._loadable_source(folder),
                    call.optional("run_id") or self._run_of(call.optional("model_id")),
                    [ModelVersionTag(k, v) for k, v in {**tags, RECORD_TAG: record}.items()],
                    run_link=call.optional("run_link"),
                    description=call.optional("description"),
                )
        except BaseException:
            self.files.delete(folder)
            raise
        return {"model_version": self._version(version)}

    def _bring_files(self, source: str, folder: Path) -> None:
        uri = urlparse(source)
        if uri.scheme == "dbfs":
            uploaded = self.uploads.folder(uri.path)
            if uploaded.name.startswith("m-") and not uploaded.exists():
                # of models:/m-<id> the client (seen in 3.17) uploads what is in the folder, and names
                # the folder all the same
                uploaded = uploaded.parent
            if not (uploaded / "MLmodel").is_file():
                raise ApiError(
                    "INVALID_PARAMETER_VALUE",
                    f"Cannot register a model version from '{source}': there is no MLmodel file. "
                    "Give runs:/<run_id>/<path>, models:/<model_id>, or the folder of a saved model.",
                )
            folder.rmdir()
            uploaded.rename(folder)
        elif uri.scheme == "models" and uri.path.count("/") == 2:
            _, name, number = uri.path.split("/")
            copied = self._get_version(name, number)
            shutil.copytree(self._folder(copied), folder, dirs_exist_ok=True)
        else:
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Cannot register a model version from '{source}': the local workspace registry takes "
                "what MLflow's client uploads to it, or models:/<name>/<version> of its own.",
            )

    def _run_of(self, model_id: str | None) -> str | None:
        """Find the run that logged a model, if it was tracked in this workspace.

        MLflow's client gives no run for ``models:/m-<id>``.
        """
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        if not model_id:
            return None
        try:
            return MlflowClient(self.store_uri).get_logged_model(model_id).source_run_id
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
                return None  # logged in another workspace
            raise

    def _loadable_source(self, folder: str) -> str:
        """What to tell the open-source registry: a path, where it can load it by itself."""
        if urlparse(self.store_uri).scheme.startswith("http"):
            return f"workspace-registry:/{folder}"
        return str(self.files.folder(folder))

    def _get_version(self, name: str, number: str) -> ModelVersion:
        return self._store.get_model_version(plain_name(name), _number(number))

    def _asked(self, call: Call) -> ModelVersion:
        return self._get_version(call.text("name"), call.text("version"))

    def get_version(self, call: Call) -> dict[str, Any]:
        return {"model_version": self._version(self._asked(call))}

    def latest_versions(self, call: Call) -> dict[str, Any]:
        name, stages = plain_name(call.text("name")), call.texts("stages") or None
        found = self._store.get_latest_versions(name, stages)
        return {"model_versions": [self._version(version) for version in found]}

    def _versions(self, given: str | None, order_by: list[str] | None = None) -> Iterator[Any]:
        def page(token: str | None) -> Any:
            return self._store.search_model_versions(given, _PAGE, order_by, token)

        return (version for version in all_pages(page) if _is_ours(version.name))

    def search_versions(self, call: Call) -> dict[str, Any]:
        versions = self._versions(call.optional("filter"), call.texts("order_by") or None)
        found, token = page_of(call, [self._version(version) for version in versions])
        return {"model_versions": found, **({"next_page_token": token} if token else {})}

    def update_version(self, call: Call) -> dict[str, Any]:
        version = self._asked(call)
        with self._locked_store() as store:
            changed = store.update_model_version(
                version.name, version.version, call.optional("description")
            )
        return {"model_version": self._version(changed)}

    def delete_version(self, call: Call) -> None:
        version = self._asked(call)
        if version.current_stage in ("Staging", "Production"):
            raise ApiError(
                "INVALID_STATE",
                f"Cannot delete version {version.version} of '{version.name}': it is in the stage "
                f"{version.current_stage}. Move it to None or Archived first.",
            )
        with self._locked_store() as store:
            store.delete_model_version(version.name, version.version)
        self._delete_files(version)

    def transition(self, call: Call) -> dict[str, Any]:
        return {"model_version": self._transition(call)}

    def sdk_transition(self, call: Call) -> dict[str, Any]:
        return {"model_version_databricks": self._transition(call)}

    def _transition(self, call: Call) -> dict[str, Any]:
        version = self._asked(call)
        with self._locked_store() as store:
            changed = store.transition_model_version_stage(
                version.name,
                version.version,
                call.text("stage"),
                call.flag("archive_existing_versions"),
            )
        return self._version(changed)

    def set_version_tag(self, call: Call) -> None:
        from mlflow.entities.model_registry import ModelVersionTag

        version, tag = self._asked(call), (call.text("key"), call.optional("value") or "")
        _refuse_record_tag({tag[0]: ""})
        with self._locked_store() as store:
            store.set_model_version_tag(version.name, version.version, ModelVersionTag(*tag))

    def delete_version_tag(self, call: Call) -> None:
        version, key = self._asked(call), call.text("key")
        _refuse_record_tag({key: ""})
        with self._locked_store() as store:
            store.delete_model_version_tag(version.name, version.version, key)

    @contextmanager
    def _locked_store(self) -> Iterator[AbstractStore]:
        store = self._store
        with self._locked():
            yield store

    # ---- files -------------------------------------------------------------------------------
    def _folder(self, version: ModelVersion) -> Path:
        record = version.tags.get(RECORD_TAG)
        if record is None:
            raise ApiError(
                "INVALID_STATE",
                f"Version {version.version} of '{version.name}' was not registered through this "
                "workspace: its files are where its source says. Register it again.",
            )
        return self.files.folder(json.loads(record)["files"])

    def _delete_files(self, version: ModelVersion) -> None:
        if RECORD_TAG in version.tags:
            self.files.delete(json.loads(version.tags[RECORD_TAG])["files"])

    def download_uri(self, call: Call) -> dict[str, Any]:
        return {"artifact_uri": str(self._folder(self._asked(call)))}

    def list_artifacts(self, call: Call) -> dict[str, Any]:
        folder, asked = self._folder(self._asked(call)), (call.optional("path") or "").strip("/")
        path = self.files.inside(folder, asked.split("/")) if asked else folder
        if path.is_file():
            return {"files": [{"path": asked, "is_dir": False, "file_size": path.stat().st_size}]}
        if not path.is_dir():
            raise ApiError("RESOURCE_DOES_NOT_EXIST", f"No file or directory '{asked}'.")
        return {
            "files": [
                {
                    "path": f"{asked}/{entry.name}" if asked else entry.name,
                    "is_dir": entry.is_dir(),
                    "file_size": entry.stat().st_size,
                }
                for entry in self.files.entries(folder, path)
            ]
        }

    def signed_uri(self, call: Call) -> dict[str, Any]:
        folder = self._folder(self._asked(call))
        file = self.files.inside(folder, call.text("path").split("/"))
        if not file.is_file():
            raise ApiError("RESOURCE_DOES_NOT_EXIST", f"No file '{call.text('path')}'.")
        signed = self.urls.sign("GET", folder, file)
        return {"signed_uri": signed["url"], "headers": signed["headers"]}

    # ---- the answers -------------------------------------------------------------------------
    def _model(self, model: RegisteredModel) -> dict[str, Any]:
        answer = _as_json(model)
        answer["latest_versions"] = [self._version(v) for v in model.latest_versions or []]
        return answer

    def _version(self, version: ModelVersion) -> dict[str, Any]:
        answer = _as_json(version)
        tags = {tag["key"]: tag.get("value", "") for tag in answer.get("tags", [])}
        if record := tags.pop(RECORD_TAG, None):
            answer["source"] = json.loads(record)["source"]
        answer["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
        return answer


def plain_name(name: str) -> str:
    """Check the name of a model of the workspace registry.

    Raises
    ------
    ApiError
        ``INVALID_PARAMETER_VALUE`` if the name has a period, slash, colon or control character.

    Examples
    --------
    >>> plain_name("flight delay")
    'flight delay'
    >>> plain_name("main.flights.delay")
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.ApiError: Invalid name 'main.flights.delay' for a model of the \
workspace registry: expected 1 to 255 characters without period, slash, colon or control character. \
A three-level name is one of Unity Catalog: mlflow.set_registry_uri("databricks-uc").
    """
    if 0 < len(name) <= 255 and _is_ours(name) and not any(ord(c) < 32 for c in name):
        return name
    raise ApiError(
        "INVALID_PARAMETER_VALUE",
        f"Invalid name '{name}' for a model of the workspace registry: expected 1 to 255 characters "
        "without period, slash, colon or control character. A three-level name is one of Unity "
        'Catalog: mlflow.set_registry_uri("databricks-uc").',
    )


def _is_ours(name: str) -> bool:
    """The store of a workspace may hold Unity Catalog's models, too: those have periods."""
    return not any(c in "./\\:" for c in name)


def _quoted(name: str) -> str:
    return name.replace("'", "\\'")


def _number(version: str) -> str:
    if not version.isascii() or not version.isdecimal() or len(version) > 9:
        raise ApiError(
            "INVALID_PARAMETER_VALUE", f"Model version must be a whole number, got '{version}'."
        )
    return version


def _refuse_record_tag(tags: dict[str, str]) -> None:
    if RECORD_TAG in tags:
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"The tag key '{RECORD_TAG}' is reserved: the local workspace keeps its notes in it.",
        )


def _as_json(entity: Any) -> dict[str, Any]:
    from mlflow.utils.proto_json_utils import message_to_json

    return json.loads(message_to_json(entity.to_proto()))
