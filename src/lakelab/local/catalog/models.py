"""Registered models and versions of Unity Catalog, kept in the open-source MLflow registry.

What is registered here is seen in the MLflow UI of the same store. What that registry has no room for
(status, files, the source as the client gave it) is in one tag of the version, ``unity_catalog``.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlparse

from filelock import FileLock

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.catalog.names import model_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

RECORD_TAG = "unity_catalog"
PENDING = "PENDING_REGISTRATION"
READY = "READY"

_LOGGED_MODEL = re.compile(r"(?:^models:|/)/?(m-[0-9a-f]{32})(?=/|$)")
_RESERVED_ALIAS = re.compile(r"latest|v[0-9]+", re.IGNORECASE)
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TAG_KEY = re.compile(r"(?! )[^.,\-=/:]{1,255}(?<! )")
_MOST_TAGS = 50
_LONGEST_TAG_VALUE = 1000
_LINKS_TAG = "mlflow.modelVersions"
_NO_LOGGED_MODEL = "m-unknown"
_PAGE = 200

Item = TypeVar("Item")


@dataclass(frozen=True)
class Record:
    """What Unity Catalog knows about a version and the open-source registry does not.

    Parameters
    ----------
    source : str
        Where the model came from, as the client told.
    files : str
        The version's folder, below the folder of all models.
    status : str
        ``PENDING_REGISTRATION`` until all files are there, then ``READY``.
    user : str
        Who registered the version.
    model_id : str or None
        The logged model that it was made from, if known.
    """

    source: str
    files: str
    status: str
    user: str
    model_id: str | None = None


@dataclass(frozen=True)
class Version:
    """A model version: the registry's entity and its record."""

    entity: ModelVersion
    record: Record

    @property
    def name(self) -> str:
        return self.entity.name

    @property
    def number(self) -> int:
        return int(self.entity.version)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that users set, without ours."""
        return {key: value for key, value in self.entity.tags.items() if key != RECORD_TAG}

    @property
    def model_id(self) -> str:
        """The id of the logged model that the version was made from.

        It is never empty: MLflow's ``copy_model_version`` looks it up, and fails on an empty one.
        """
        return self.record.model_id or _logged_model(self.record.source) or _NO_LOGGED_MODEL


class Registry:
    """Unity Catalog's registered models.

    Parameters
    ----------
    tracking_uri : str
        The MLflow store: ``sqlite:///...`` or the URL of an ``mlflow server``.
    files : ModelFiles
        Where the files of the versions are.
    lock : Path
        A file that lets one writer at a time change the registry, among all processes.
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
                # Opens both stores while no other workspace does: the first to open a new database
                # fills it, and MLflow takes no lock for that.
                client.search_experiments(max_results=1)
                client.search_registered_models(max_results=1)
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise ApiError(
                "INVALID_STATE",
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
        _require_valid_tags(tags)
        client = self.client
        with self._locked():
            if self._find(client.get_registered_model, name):
                raise ApiError(
                    "RESOURCE_ALREADY_EXISTS", f"Registered model '{name}' already exists."
                )
            return client.create_registered_model(name, tags, description)

    def model(self, name: str) -> RegisteredModel:
        model = self._find(self.client.get_registered_model, name)
        if model is None:
            raise ApiError(
                "RESOURCE_DOES_NOT_EXIST",
                f"Routine or Model '{name}' does not exist. Create it first, or check the name.",
            )
        return model

    def models(self) -> list[RegisteredModel]:
        """List the models with a three-level name: the store may hold others, and prompts."""

        def page(token: str | None) -> Any:
            return self.client.search_registered_models(max_results=_PAGE, page_token=token)

        return [model for model in all_pages(page) if _is_ours(model.name)]

    def describe_model(self, name: str, description: str) -> None:
        self.model(name)
        with self._locked():
            self.client.update_registered_model(name, description)

    def rename_model(self, name: str, new_name: str) -> None:
        self.model(name)
        with self._locked():
            if self._find(self.client.get_registered_model, new_name):
                raise ApiError(
                    "RESOURCE_ALREADY_EXISTS", f"Registered model '{new_name}' already exists."
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
        _require_valid_tags({key: value}, beside=self.model(name).tags)
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
        """Take the next number for a version that has no files yet.

        Raises
        ------
        ApiError
            If the model does not exist, or a tag is none that Unity Catalog takes.
        """
        self.model(name)
        _require_valid_tags(tags or {})
        # When tracking is not on Databricks, the client drops the logged model's id and names its
        # folder as the source
        model_id = model_id or _logged_model(source)
        if model_id and self._is_folder_of(model_id, source):
            source = f"models:/{model_id}"
        record = Record(source, self.files.new_folder(name), PENDING, user, model_id)
        all_tags = {**(tags or {}), RECORD_TAG: _to_tag(record)}
        try:
            with self._locked():
                entity = self._create_entity(name, record, run_id, all_tags, description)
        except BaseException:
            self.files.delete(record.files)
            raise
        return self._with_record(entity)

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
                    self._remove_link(model_id, entity)
                return entity
            except MlflowException:
                # A server takes only sources that it can trace to one of its own runs and models.
                # The last one has nothing to trace.
                if position == len(sources) - 1:
                    raise
        raise AssertionError("there is always a source")

    def _remove_link(self, model_id: str, version: ModelVersion) -> None:
        """Take back the link to the version that an MLflow server writes on its logged model.

        The registering client writes the same link itself, as it does on Databricks: the UI would show
        the version twice.
        """
        tags = self.client.get_logged_model(model_id).tags
        links = json.loads(tags.get(_LINKS_TAG, "[]"))
        mine = {"name": version.name, "version": int(version.version)}
        if left := [link for link in links if link != mine]:
            self.client.set_logged_model_tags(model_id, {_LINKS_TAG: json.dumps(left)})
        elif links:
            self.client.delete_logged_model_tag(model_id, _LINKS_TAG)

    def _loadable_sources(self, record: Record, run_id: str | None) -> list[tuple[str, str | None]]:
        """What to tell the open-source registry as source, best first, with the logged model's id."""
        if not urlparse(self.tracking_uri).scheme.startswith("http"):
            # a plain path: MLflow deletes the source folder of a model that it knows as file://
            return [(str(self.files.folder(record.files)), None)]
        sources: list[tuple[str, str | None]] = []
        if record.model_id:
            sources.append((f"models:/{record.model_id}", record.model_id))
        elif record.source.startswith("models:/") or run_id:
            sources.append((record.source, None))
        return [*sources, (f"unity-catalog:/{record.files}", None)]

    def finalize_version(self, name: str, number: str) -> Version:
        """Declare that all files of a version are there."""
        version = self.version(name, number)
        if not (self.files.folder(version.record.files) / "MLmodel").is_file():
            raise ApiError(
                "INVALID_STATE",
                f"Version {number} of model '{name}' has no MLmodel file: its upload did not end. "
                "Register the model again.",
            )
        self._set_record(version, replace(version.record, status=READY))
        return self.version(name, number)

    def version(self, name: str, number: str) -> Version:
        found = self._find(self.client.get_model_version, name, _number(number))
        if found is None:
            self.model(name)
            raise ApiError(
                "RESOURCE_DOES_NOT_EXIST",
                f"Model Version '{name}' version {number} does not exist.",
            )
        return self._with_record(found)

    def version_by_alias(self, name: str, alias: str) -> Version:
        aliases = self.model(name).aliases
        if alias not in aliases:
            there = ", ".join(sorted(aliases)) or "none"
            raise ApiError(
                "RESOURCE_DOES_NOT_EXIST",
                f"Alias '{alias}' does not exist on model '{name}'. Its aliases are: {there}.",
            )
        return self.version(name, str(aliases[alias]))

    def versions(self, name: str) -> list[Version]:
        """List the versions of a model, newest first; none if there is no such model."""

        def page(token: str | None) -> Any:
            return self.client.search_model_versions(
                f"name='{name}'", max_results=_PAGE, page_token=token
            )

        found = [self._with_record(entity) for entity in all_pages(page)]
        return sorted(found, key=lambda version: -version.number)

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
        _require_valid_tags({key: value}, beside=self.version(name, number).tags)
        with self._locked():
            self.client.set_model_version_tag(name, number, key, value)

    def delete_version_tag(self, name: str, number: str, key: str) -> None:
        self.version(name, number)
        _refuse_record_tag([key])
        with self._locked():
            self.client.delete_model_version_tag(name, number, key)

    # ---- aliases -----------------------------------------------------------------------------
    def set_alias(self, name: str, alias: str, number: str) -> None:
        """Point an alias at a version, away from where it pointed before.

        Follows https://mlflow.org/docs/latest/ml/model-registry/ (aliases): ``latest`` and
        ``v<number>`` are reserved.
        """
        if _RESERVED_ALIAS.fullmatch(alias) or not _ALIAS.fullmatch(alias):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Invalid alias name '{alias}': expected letters, digits, '_' and '-'; 'latest' and "
                "'v' with a number are reserved.",
            )
        self.version(name, number)
        with self._locked():
            self.client.set_registered_model_alias(name, alias, number)

    def delete_alias(self, name: str, alias: str) -> None:
        self.model(name)
        with self._locked():
            self.client.delete_registered_model_alias(name, alias)

    # ---- files -------------------------------------------------------------------------------
    def folder(self, version: Version) -> Path:
        """Give the folder of a version's files, fetching those of a version registered without us."""
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

        found = Path(download_artifacts(uri, dst_path=str(draft), tracking_uri=self.tracking_uri))
        folder.parent.mkdir(parents=True, exist_ok=True)
        if draft in (found, *found.parents):
            found.rename(folder)
        else:  # a local folder, which MLflow gives as it is
            copy = draft / "copy"
            shutil.copytree(found, copy)
            copy.rename(folder)

    # ---- the record --------------------------------------------------------------------------
    def _with_record(self, entity: ModelVersion) -> Version:
        tag = entity.tags.get(RECORD_TAG)
        if tag is None:  # registered in the open-source registry, not through us
            files = "/".join([*entity.name.split("."), f"outside-{entity.version}"])
            return Version(entity, Record(entity.source or "", files, READY, ""))
        try:
            return Version(entity, Record(**json.loads(tag)))
        except (TypeError, ValueError) as error:
            raise ApiError(
                "INVALID_STATE",
                f"The tag '{RECORD_TAG}' of version {entity.version} of model '{entity.name}' was "
                "changed outside of the local workspace. Register the model again.",
            ) from error

    def _set_record(self, version: Version, record: Record) -> None:
        with self._locked():
            self.client.set_model_version_tag(
                version.name, str(version.number), RECORD_TAG, _to_tag(record)
            )

    def _find(self, get: Callable[..., Item], *arguments: str) -> Item | None:
        from mlflow.exceptions import MlflowException

        try:
            return get(*arguments)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
                return None
            raise


def _logged_model(source: str) -> str | None:
    found = _LOGGED_MODEL.search(source)
    return found[1] if found else None


def all_pages(page: Callable[[str | None], Any]) -> Iterator[Any]:
    """Give the items of all pages; `page` takes the token of the last one."""
    token = None
    while True:
        found = page(token)
        yield from found
        token = found.token
        if not token:
            return


def _is_ours(name: str) -> bool:
    try:
        return model_name(name) == name
    except ApiError:
        return False


def _number(version: str) -> str:
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"Model version must be a whole number, got '{version}'. For an alias use "
            "models:/<name>@<alias>.",
        )
    return version


def _to_tag(record: Record) -> str:
    return json.dumps(asdict(record), ensure_ascii=False)


def _require_valid_tags(tags: dict[str, str], beside: Iterable[str] = ()) -> None:
    """Refuse new tags that Unity Catalog does not take, beside those that are there.

    Follows https://docs.databricks.com/aws/en/database-objects/tags (constraints).
    """
    _refuse_record_tag(tags)
    number = len({*tags, *beside})
    if number > _MOST_TAGS:
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"{number} tags are too many: one model or version takes at most {_MOST_TAGS}. Delete "
            "one first.",
        )
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Tag key '{key}' is not valid in Unity Catalog: expected 1 to 255 characters, none of "
                ". , - = / : among them, and no space at its ends.",
            )
        if len(value) > _LONGEST_TAG_VALUE:
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"The value of tag '{key}' has {len(value)} characters: at most "
                f"{_LONGEST_TAG_VALUE} are possible in Unity Catalog.",
            )


def _refuse_record_tag(tags: Iterable[str]) -> None:
    if RECORD_TAG in tags:
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"The tag key '{RECORD_TAG}' is reserved: the local workspace keeps its notes in it.",
        )
