"""Registered models and versions of Unity Catalog, kept in the open-source MLflow registry.

The MLflow UI of the same store shows these models. The open-source registry has no room for the status, the
files and the source as the client gave it: these are in one tag of the version
(:mod:`lakelab.local.catalog.model_version`).

Tested in ``tests/local/workspace/test_models.py``.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlparse

from filelock import FileLock

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.logged_models import logged_model_id, remove_link
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.catalog.model_rules import (
    check_alias,
    check_not_reserved,
    check_number,
    check_tags,
)
from lakelab.local.catalog.model_version import PENDING, READY, RECORD_TAG, Record, Version
from lakelab.local.catalog.names import model_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

_PAGE = 200

Item = TypeVar("Item")


class ModelRegistry:
    """Unity Catalog's registered models.

    Parameters
    ----------
    tracking_uri : str
        The MLflow store: ``sqlite:///...`` or the URL of an ``mlflow server``.
    files : ModelFiles
        The files of the versions.
    lock : Path
        A lock file: one writer at a time, among all processes, changes the registry.
    """

    def __init__(self, tracking_uri: str, files: ModelFiles, lock: Path):
        self.tracking_uri = tracking_uri
        self.files = files
        self._lock_path = lock
        self._client: MlflowClient | None = None
        self._opening = threading.Lock()

    @property
    def client(self) -> MlflowClient:
        """The open-source client; MLflow is imported here, at the first call that needs it."""
        with self._opening:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> MlflowClient:
        from mlflow import MlflowClient
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._locked():
                client = MlflowClient(self.tracking_uri, self.tracking_uri)
                # Both stores are opened under the lock: the first process that opens a new database
                # creates its tables, and MLflow takes no lock for that.
                client.search_experiments(max_results=1)
                client.search_registered_models(max_results=1)
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise ApiError(
                conditions.INVALID_STATE,
                f"The MLflow store {self.tracking_uri} cannot be opened: {reason}. Restore the file, "
                "or move it away to begin with an empty store.",
            ) from error
        return client

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The open-source registry numbers versions "max + 1", without a lock of its own.
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock_path, timeout=60):
            yield

    # ---- registered models -------------------------------------------------------------------
    def create_model(
        self, name: str, tags: dict[str, str], description: str | None
    ) -> RegisteredModel:
        """Create a registered model.

        Raises
        ------
        ApiError
            If the model exists, or Unity Catalog does not accept a tag.
        """
        check_tags(tags)
        client = self.client
        with self._locked():
            if self._find(client.get_registered_model, name):
                raise ApiError(
                    conditions.RESOURCE_ALREADY_EXISTS, f"Registered model '{name}' already exists."
                )
            return client.create_registered_model(name, tags, description)

    def model(self, name: str) -> RegisteredModel:
        """Return a registered model.

        Raises
        ------
        ApiError
            ``RESOURCE_DOES_NOT_EXIST`` if there is no such model.
        """
        model = self._find(self.client.get_registered_model, name)
        if model is None:
            raise ApiError(
                conditions.RESOURCE_DOES_NOT_EXIST,
                f"Routine or Model '{name}' does not exist. Create it first, or check the name.",
            )
        return model

    def models(self) -> list[RegisteredModel]:
        """List the models with a three-level name; the store may also hold other models, and prompts."""

        def page(token: str | None) -> Any:
            return self.client.search_registered_models(max_results=_PAGE, page_token=token)

        return [model for model in all_pages(page) if _has_three_levels(model.name)]

    def describe_model(self, name: str, description: str) -> None:
        self.model(name)
        with self._locked():
            self.client.update_registered_model(name, description)

    def rename_model(self, name: str, new_name: str) -> None:
        self.model(name)
        with self._locked():
            if self._find(self.client.get_registered_model, new_name):
                raise ApiError(
                    conditions.RESOURCE_ALREADY_EXISTS,
                    f"Registered model '{new_name}' already exists.",
                )
            self.client.rename_registered_model(name, new_name)

    def delete_model(self, name: str) -> None:
        """Delete a model, its versions and their files."""
        self.model(name)
        versions = self.versions(name)
        with self._locked():
            self.client.delete_registered_model(name)
        for version in versions:
            self.files.delete(version.record.files)

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        check_tags({key: value}, existing=self.model(name).tags)
        with self._locked():
            self.client.set_registered_model_tag(name, key, value)

    def delete_model_tag(self, name: str, key: str) -> None:
        self.model(name)
        with self._locked():
            self.client.delete_registered_model_tag(name, key)

    # ---- versions ----------------------------------------------------------------------------
    def create_version(
        self,
        name: str,
        source: str,
        *,
        user: str,
        run_id: str | None = None,
        model_id: str | None = None,
        tags: dict[str, str] | None = None,
        description: str | None = None,
    ) -> Version:
        """Create a version with the next number; it has no files yet.

        Raises
        ------
        ApiError
            If the model does not exist, or Unity Catalog does not accept a tag.
        """
        self.model(name)
        check_tags(tags or {})
        # if tracking is not on Databricks, the client drops the logged model's id, and gives the
        # folder of the logged model as the source
        model_id = model_id or logged_model_id(source)
        if model_id and self._is_folder_of(model_id, source):
            source = f"models:/{model_id}"
        record = Record(source, self.files.new_folder(name), PENDING, user, model_id)
        all_tags = {**(tags or {}), RECORD_TAG: record.to_tag()}
        try:
            with self._locked():
                entity = self._create_entity(name, record, run_id, all_tags, description)
        except BaseException:
            self.files.delete(record.files)
            raise
        return Version.read(entity)

    def _is_folder_of(self, model_id: str, source: str) -> bool:
        if source.startswith("models:"):
            return False
        model = self._find(self.client.get_logged_model, model_id)
        return model is not None and model.artifact_location == source

    def _create_entity(
        self,
        name: str,
        record: Record,
        run_id: str | None,
        tags: dict[str, str],
        description: str | None,
    ) -> ModelVersion:
        from mlflow.exceptions import MlflowException

        sources = self._loadable_sources(record, run_id)
        for position, (source, model_id) in enumerate(sources):
            try:
                entity = self.client.create_model_version(
                    name,
                    source,
                    run_id,
                    tags,
                    description=description,
                    await_creation_for=0,
                    model_id=model_id,
                )
                if model_id:
                    remove_link(self.client, model_id, entity)
                return entity
            except MlflowException:
                # A server accepts only sources that it can trace to one of its own runs and models.
                # The last source has nothing to trace.
                if position == len(sources) - 1:
                    raise
        raise AssertionError("there is always a source")

    def _loadable_sources(self, record: Record, run_id: str | None) -> list[tuple[str, str | None]]:
        """Return the sources for the open-source registry, best first, with the id of the logged model."""
        if not urlparse(self.tracking_uri).scheme.startswith("http"):
            # a plain path: MLflow deletes the source folder of a model if the source is a file:// URL
            return [(str(self.files.folder(record.files)), None)]
        sources: list[tuple[str, str | None]] = []
        if record.model_id:
            sources.append((f"models:/{record.model_id}", record.model_id))
        elif record.source.startswith("models:/") or run_id:
            sources.append((record.source, None))
        return [*sources, (f"unity-catalog:/{record.files}", None)]

    def finalize_version(self, name: str, number: str) -> Version:
        """Set a version to ``READY`` after the upload of its files.

        Raises
        ------
        ApiError
            ``INVALID_STATE`` if the model's ``MLmodel`` file is missing.
        """
        version = self.version(name, number)
        if not (self.files.folder(version.record.files) / "MLmodel").is_file():
            raise ApiError(
                conditions.INVALID_STATE,
                f"Version {number} of model '{name}' has no MLmodel file: its upload did not end. "
                "Register the model again.",
            )
        self._set_record(version, replace(version.record, status=READY))
        return self.version(name, number)

    def version(self, name: str, number: str) -> Version:
        """Return a version of a model.

        Raises
        ------
        ApiError
            ``RESOURCE_DOES_NOT_EXIST`` if there is no such model or version.
        """
        entity = self._find(self.client.get_model_version, name, check_number(number))
        if entity is None:
            self.model(name)
            raise ApiError(
                conditions.RESOURCE_DOES_NOT_EXIST,
                f"Model Version '{name}' version {number} does not exist.",
            )
        return Version.read(entity)

    def version_by_alias(self, name: str, alias: str) -> Version:
        """Return the version that an alias points at.

        Raises
        ------
        ApiError
            ``RESOURCE_DOES_NOT_EXIST`` if there is no such alias; the message lists the aliases.
        """
        aliases = self.model(name).aliases
        if alias not in aliases:
            existing = ", ".join(sorted(aliases)) or "none"
            raise ApiError(
                conditions.RESOURCE_DOES_NOT_EXIST,
                f"Alias '{alias}' does not exist on model '{name}'. Its aliases are: {existing}.",
            )
        return self.version(name, str(aliases[alias]))

    def versions(self, name: str) -> list[Version]:
        """List the versions of a model, newest first; none if there is no such model."""

        def page(token: str | None) -> Any:
            return self.client.search_model_versions(
                f"name='{name}'", max_results=_PAGE, page_token=token
            )

        versions = [Version.read(entity) for entity in all_pages(page)]
        return sorted(versions, key=lambda version: -version.number)

    def describe_version(self, name: str, number: str, description: str) -> None:
        self.version(name, number)
        with self._locked():
            self.client.update_model_version(name, number, description)

    def delete_version(self, name: str, number: str) -> None:
        version = self.version(name, number)
        with self._locked():
            self.client.delete_model_version(name, number)
        self.files.delete(version.record.files)

    def set_version_tag(self, name: str, number: str, key: str, value: str) -> None:
        check_tags({key: value}, existing=self.version(name, number).tags)
        with self._locked():
            self.client.set_model_version_tag(name, number, key, value)

    def delete_version_tag(self, name: str, number: str, key: str) -> None:
        self.version(name, number)
        check_not_reserved([key])
        with self._locked():
            self.client.delete_model_version_tag(name, number, key)

    # ---- aliases -----------------------------------------------------------------------------
    def set_alias(self, name: str, alias: str, number: str) -> None:
        """Point an alias at a version; it no longer points at the version before.

        Raises
        ------
        ApiError
            If the name of the alias is reserved or invalid, or there is no such version.
        """
        check_alias(alias)
        self.version(name, number)
        with self._locked():
            self.client.set_registered_model_alias(name, alias, number)

    def delete_alias(self, name: str, alias: str) -> None:
        self.model(name)
        with self._locked():
            self.client.delete_registered_model_alias(name, alias)

    # ---- files -------------------------------------------------------------------------------
    def folder(self, version: Version) -> Path:
        """Return the folder of a version's files; download them if the version was registered elsewhere."""
        folder = self.files.folder(version.record.files)
        if RECORD_TAG not in version.entity.tags and not folder.is_dir():
            self._fetch(version, folder)
        return folder

    def _fetch(self, version: Version, folder: Path) -> None:
        with self._locked():
            if folder.is_dir():
                return
            uri = self.client.get_model_version_download_uri(version.name, str(version.number))
            draft = self.files.upload_draft()
            draft.mkdir()
            try:
                self._download(uri, draft, folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)

    def _download(self, uri: str, draft: Path, folder: Path) -> None:
        from mlflow.artifacts import download_artifacts

        result = Path(download_artifacts(uri, dst_path=str(draft), tracking_uri=self.tracking_uri))
        folder.parent.mkdir(parents=True, exist_ok=True)
        if draft in (result, *result.parents):
            result.rename(folder)
        else:  # a local folder, which MLflow does not copy
            copy = draft / "copy"
            shutil.copytree(result, copy)
            copy.rename(folder)

    def _set_record(self, version: Version, record: Record) -> None:
        with self._locked():
            self.client.set_model_version_tag(
                version.name, str(version.number), RECORD_TAG, record.to_tag()
            )

    def _find(self, get: Callable[..., Item], *arguments: str) -> Item | None:
        from mlflow.exceptions import MlflowException

        try:
            return get(*arguments)
        except MlflowException as error:
            if error.error_code in (conditions.RESOURCE_DOES_NOT_EXIST, conditions.NOT_FOUND):
                return None
            raise


def all_pages(page: Callable[[str | None], Any]) -> Iterator[Any]:
    """Yield the items of all pages; `page` takes the token that the page before returned."""
    token = None
    while True:
        items = page(token)
        yield from items
        token = items.token
        if not token:
            return


def _has_three_levels(name: str) -> bool:
    try:
        return model_name(name) == name
    except ApiError:
        return False
