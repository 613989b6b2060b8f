"""The models of the workspace registry, in the open-source registry of the workspace's own MLflow store.

The open-source registry has the same stages and searches. This module adds the files of the versions,
and the rules of Databricks that the open-source registry does not have.

Follows https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/workspace-model-registry
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from filelock import FileLock

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.catalog.model_registry import all_pages
from lakelab.local.workspace.dbfs import UploadArea

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.store.model_registry.abstract_store import AbstractStore

RECORD_TAG = "workspace_registry"
"""The tag of a version with its source and its folder: the open-source registry has no field for them."""

_PAGE = 200
_ACTIVE_STAGES = ("Staging", "Production")


class WorkspaceRegistryStore:
    """The registered models of one workspace.

    Parameters
    ----------
    store_uri : str
        The workspace's own MLflow store: ``sqlite:///...`` or the URL of an ``mlflow server``.
    files : ModelFiles
        The files of the versions. Those of a model are in ``registry/<workspace>/<model>``.
    uploads : UploadArea
        The files of a model that the client uploads before it registers the model.
    lock : Path
        A lock file that allows one writer of the registry at a time, among all processes.
    name : str
        The workspace's name.
    """

    def __init__(
        self, store_uri: str, files: ModelFiles, uploads: UploadArea, lock: Path, name: str
    ):
        self.files = files
        self._store_uri = store_uri
        self._uploads = uploads
        self._name = name
        self._lock_path = lock
        self._opened: AbstractStore | None = None
        self._opening = threading.Lock()

    @property
    def _store(self) -> AbstractStore:
        """The open-source registry. The first call that needs it imports MLflow.

        This is the store and not an `MlflowClient`, which warns at each call that stages are
        deprecated: the learner's own client already gives that warning.
        """
        with self._opening:
            if self._opened is None:
                from mlflow.tracking._model_registry.utils import _get_store

                with self._locked():
                    store: AbstractStore = _get_store(self._store_uri, self._store_uri)
                    self._opened = store
                    store.search_registered_models(max_results=1)
            return self._opened

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The open-source registry numbers versions "max + 1", without a lock of its own.
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock_path, timeout=60):
            yield

    @contextmanager
    def _locked_store(self) -> Iterator[AbstractStore]:
        store = self._store
        with self._locked():
            yield store

    # ---- registered models -------------------------------------------------------------------
    def create_model(
        self, name: str, tags: Mapping[str, str], description: str | None
    ) -> RegisteredModel:
        from mlflow.entities.model_registry import RegisteredModelTag

        entities = [RegisteredModelTag(key, value) for key, value in tags.items()]
        with self._locked_store() as store:
            model: RegisteredModel = store.create_registered_model(name, entities, description)
        return model

    def model(self, name: str) -> RegisteredModel:
        model: RegisteredModel = self._store.get_registered_model(name)
        return model

    def models(self, filter_string: str | None, order_by: list[str] | None) -> list[Any]:
        """Return the models that match a filter, without those of Unity Catalog."""

        def page(token: str | None) -> Any:
            return self._store.search_registered_models(filter_string, _PAGE, order_by, token)

        return [model for model in all_pages(page) if _has_one_level(model.name)]

    def rename_model(self, name: str, new_name: str) -> RegisteredModel:
        with self._locked_store() as store:
            model: RegisteredModel = store.rename_registered_model(name, new_name)
        return model

    def describe_model(self, name: str, description: str | None) -> RegisteredModel:
        with self._locked_store() as store:
            model: RegisteredModel = store.update_registered_model(name, description)
        return model

    def delete_model(self, name: str) -> None:
        """Delete a model, its versions and their files.

        Raises
        ------
        ApiError
            ``INVALID_STATE`` if a version is in an active stage, as in the workspace registry.
        """
        quoted = name.replace("'", "\\'")
        versions = self.versions(f"name='{quoted}'")
        active = sorted(set(_ACTIVE_STAGES) & {version.current_stage for version in versions})
        if active:
            raise ApiError(
                conditions.INVALID_STATE,
                f"Cannot delete registered model '{name}': it has versions in the stages "
                f"{', '.join(active)}. Move them to None or Archived first.",
            )
        with self._locked_store() as store:
            store.delete_registered_model(name)
        for version in versions:
            self._delete_files(version)

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        from mlflow.entities.model_registry import RegisteredModelTag

        with self._locked_store() as store:
            store.set_registered_model_tag(name, RegisteredModelTag(key, value))

    def delete_model_tag(self, name: str, key: str) -> None:
        with self._locked_store() as store:
            store.delete_registered_model_tag(name, key)

    # ---- versions ----------------------------------------------------------------------------
    def create_version(
        self,
        name: str,
        source: str,
        *,
        tags: Mapping[str, str],
        run_id: str | None,
        model_id: str | None,
        run_link: str | None,
        description: str | None,
    ) -> ModelVersion:
        """Register an uploaded model, or the files of another version, as the next version.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if the source has no model, or a tag is reserved.
        """
        from mlflow.entities.model_registry import ModelVersionTag

        self._store.get_registered_model(name)
        _refuse_record_tag(tags)
        folder = self.files.new_folder(f"registry.{self._name}.{name}")
        try:
            self._fetch_files(source, self.files.folder(folder))
            record = json.dumps({"source": source, "files": folder})
            all_tags = {**tags, RECORD_TAG: record}
            with self._locked_store() as store:
                version: ModelVersion = store.create_model_version(
                    name,
                    self._loadable_source(folder),
                    run_id or self._run_of(model_id),
                    [ModelVersionTag(key, value) for key, value in all_tags.items()],
                    run_link=run_link,
                    description=description,
                )
        except BaseException:
            self.files.delete(folder)
            raise
        return version

    def _fetch_files(self, source: str, folder: Path) -> None:
        uri = urlparse(source)
        if uri.scheme == "dbfs":
            self._move_upload(source, uri.path, folder)
        elif uri.scheme == "models" and uri.path.count("/") == 2:
            _, name, number = uri.path.split("/")
            copied = self.version(name, number)
            shutil.copytree(self.folder(copied), folder, dirs_exist_ok=True)
        else:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Cannot register a model version from '{source}': the local workspace registry takes "
                "what MLflow's client uploads to it, or models:/<name>/<version> of its own.",
            )

    def _move_upload(self, source: str, path: str, folder: Path) -> None:
        uploaded = self._uploads.folder(path)
        if uploaded.name.startswith("m-") and not uploaded.exists():
            # For models:/m-<id> the client (seen in 3.17) uploads the contents of the folder, but its
            # source still names the folder
            uploaded = uploaded.parent
        if not (uploaded / "MLmodel").is_file():
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Cannot register a model version from '{source}': there is no MLmodel file. "
                "Give runs:/<run_id>/<path>, models:/<model_id>, or the folder of a saved model.",
            )
        folder.rmdir()
        uploaded.rename(folder)

    def _run_of(self, model_id: str | None) -> str | None:
        """Return the run that logged a model, if the run was tracked in this workspace.

        MLflow's client sends no run for ``models:/m-<id>``.
        """
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        if not model_id:
            return None
        try:
            return MlflowClient(self._store_uri).get_logged_model(model_id).source_run_id
        except MlflowException as error:
            if error.error_code in (conditions.RESOURCE_DOES_NOT_EXIST, conditions.NOT_FOUND):
                return None  # logged in another workspace
            raise

    def _loadable_source(self, folder: str) -> str:
        """Return the source for the open-source registry: a path, if that registry can load it."""
        if urlparse(self._store_uri).scheme.startswith("http"):
            return f"workspace-registry:/{folder}"
        return str(self.files.folder(folder))

    def version(self, name: str, number: str) -> ModelVersion:
        """Return a version.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if the name or the number is not valid.
        mlflow.exceptions.MlflowException
            If the version does not exist.
        """
        version: ModelVersion = self._store.get_model_version(one_level_name(name), _number(number))
        return version

    def latest_versions(self, name: str, stages: list[str] | None) -> list[ModelVersion]:
        versions: list[ModelVersion] = self._store.get_latest_versions(name, stages)
        return versions

    def versions(
        self, filter_string: str | None, order_by: list[str] | None = None
    ) -> list[ModelVersion]:
        """Return the versions that match a filter, without those of Unity Catalog."""

        def page(token: str | None) -> Any:
            return self._store.search_model_versions(filter_string, _PAGE, order_by, token)

        return [version for version in all_pages(page) if _has_one_level(version.name)]

    def describe_version(self, version: ModelVersion, description: str | None) -> ModelVersion:
        with self._locked_store() as store:
            changed: ModelVersion = store.update_model_version(
                version.name, version.version, description
            )
        return changed

    def delete_version(self, version: ModelVersion) -> None:
        """Delete a version and its files.

        Raises
        ------
        ApiError
            ``INVALID_STATE`` if the version is in an active stage.
        """
        if version.current_stage in _ACTIVE_STAGES:
            raise ApiError(
                conditions.INVALID_STATE,
                f"Cannot delete version {version.version} of '{version.name}': it is in the stage "
                f"{version.current_stage}. Move it to None or Archived first.",
            )
        with self._locked_store() as store:
            store.delete_model_version(version.name, version.version)
        self._delete_files(version)

    def transition_stage(
        self, version: ModelVersion, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        with self._locked_store() as store:
            changed: ModelVersion = store.transition_model_version_stage(
                version.name, version.version, stage, archive_existing_versions
            )
        return changed

    def set_version_tag(self, version: ModelVersion, key: str, value: str) -> None:
        from mlflow.entities.model_registry import ModelVersionTag

        _refuse_record_tag({key: value})
        with self._locked_store() as store:
            store.set_model_version_tag(version.name, version.version, ModelVersionTag(key, value))

    def delete_version_tag(self, version: ModelVersion, key: str) -> None:
        _refuse_record_tag({key: ""})
        with self._locked_store() as store:
            store.delete_model_version_tag(version.name, version.version, key)

    # ---- files -------------------------------------------------------------------------------
    def folder(self, version: ModelVersion) -> Path:
        """Return the folder of a version.

        Raises
        ------
        ApiError
            ``INVALID_STATE`` if the version was registered without this workspace.
        """
        record = version.tags.get(RECORD_TAG)
        if record is None:
            raise ApiError(
                conditions.INVALID_STATE,
                f"Version {version.version} of '{version.name}' was not registered through this "
                "workspace: its files are where its source says. Register it again.",
            )
        return self.files.folder(json.loads(record)["files"])

    def _delete_files(self, version: ModelVersion) -> None:
        if RECORD_TAG in version.tags:
            self.files.delete(json.loads(version.tags[RECORD_TAG])["files"])


def one_level_name(name: str) -> str:
    """Check the name of a model of the workspace registry, and return it.

    Raises
    ------
    ApiError
        ``INVALID_PARAMETER_VALUE`` if the name has a period, slash, colon or control character.

    Examples
    --------
    >>> one_level_name("flight delay")
    'flight delay'
    >>> one_level_name("main.flights.delay")
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.ApiError: Invalid name 'main.flights.delay' for a model of the \
workspace registry: expected 1 to 255 characters without period, slash, colon or control character. \
A three-level name is one of Unity Catalog: mlflow.set_registry_uri("databricks-uc").
    """
    if 0 < len(name) <= 255 and _has_one_level(name) and not any(ord(c) < 32 for c in name):
        return name
    raise ApiError(
        conditions.INVALID_PARAMETER_VALUE,
        f"Invalid name '{name}' for a model of the workspace registry: expected 1 to 255 characters "
        "without period, slash, colon or control character. A three-level name is one of Unity "
        'Catalog: mlflow.set_registry_uri("databricks-uc").',
    )


def _has_one_level(name: str) -> bool:
    """Return whether a model is of the workspace registry. The store may hold Unity Catalog's, too."""
    return not any(c in "./\\:" for c in name)


def _number(version: str) -> str:
    if not version.isascii() or not version.isdecimal() or len(version) > 9:
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Model version must be a whole number, got '{version}'.",
        )
    return version


def _refuse_record_tag(tags: Mapping[str, str]) -> None:
    if RECORD_TAG in tags:
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"The tag key '{RECORD_TAG}' is reserved: the local workspace keeps its notes in it.",
        )
