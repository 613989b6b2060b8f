"""The folder of the course in a workspace: list, read and write its items.

Notebooks and files are written with ``POST /api/2.0/workspace/import`` and the content as a file in the
request (``WorkspaceClient.workspace.upload``). The other form of this call, ``import_`` with the content
in base64, has a limit of 10 MB, and the wheel is near that size. A workspace file may have 500 MB. A
volume of Unity Catalog could hold the wheel, but needs a catalog, a schema and privileges on both; the
folder needs a login only.
https://docs.databricks.com/api/workspace/workspace/import
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, ResourceAlreadyExists
from databricks.sdk.service.workspace import (
    ExportFormat,
    ImportFormat,
    Language,
    ObjectInfo,
    ObjectType,
)

from lakelab.upload.course import Item, Kind
from lakelab.upload.errors import CALLS_FAIL_WITH, UploadError, call_error
from lakelab.upload.manifest import MANIFEST, Manifest
from lakelab.upload.target import UploadTarget

T = TypeVar("T")

_TYPES = {
    Kind.JUPYTER: ObjectType.NOTEBOOK,
    Kind.SOURCE: ObjectType.NOTEBOOK,
    Kind.FILE: ObjectType.FILE,
}
_IMPORT = {
    Kind.JUPYTER: (ImportFormat.JUPYTER, Language.PYTHON),
    Kind.SOURCE: (ImportFormat.SOURCE, Language.PYTHON),
    # AUTO decides by the suffix, and no file of the course has that of a notebook
    Kind.FILE: (ImportFormat.AUTO, None),
}
_EXPORT = {
    Kind.JUPYTER: ExportFormat.JUPYTER,
    Kind.SOURCE: ExportFormat.SOURCE,
    Kind.FILE: ExportFormat.AUTO,
}


class Folder:
    """A folder of a workspace, through databricks-sdk.

    Parameters
    ----------
    client : WorkspaceClient
        A client with a valid login.
    target : UploadTarget
        The folder, which need not exist.
    """

    def __init__(self, client: WorkspaceClient, target: UploadTarget):
        self.target = target
        self._api = client.workspace
        self._listed: dict[str, dict[str, ObjectType]] = {}

    def exists(self, item: Item) -> bool:
        """Return whether the item exists in the workspace.

        Raises
        ------
        UploadError
            If an object of another type is at its path, or the folder cannot be read.
        """
        parent, _, name = item.path.rpartition("/")
        return self._exists(self._entries(parent), name, item.path, _TYPES[item.kind])

    def read(self, path: str, kind: Kind) -> bytes:
        """Export a notebook, or read a file.

        Raises
        ------
        UploadError
            If the workspace refuses the call, for example for a notebook with too large outputs.
        """

        def download() -> bytes:
            with self._api.download(self.target.api(path), format=_EXPORT[kind]) as body:
                return body.read()

        return self._try("read", path, download)

    def manifest(self) -> Manifest:
        """Read the manifest; return an empty one if the folder has none."""
        if not self._exists(self._entries(""), MANIFEST, MANIFEST, ObjectType.FILE):
            return Manifest()
        return Manifest.from_json(self.read(MANIFEST, Kind.FILE), f"{self.target}/{MANIFEST}")

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest."""
        self._upload(MANIFEST, Kind.FILE, manifest.to_json(), overwrite=True)

    def create_folders(self, items: Iterable[Item]) -> None:
        """Create the folders of the items, with their parents."""
        for folder in sorted({item.path.rpartition("/")[0] for item in items} | {""}):
            create = partial(self._api.mkdirs, self.target.api(folder))
            self._try("make the folder", folder, create)

    def write(self, item: Item, *, overwrite: bool) -> None:
        """Upload an item.

        Raises
        ------
        UploadError
            If the workspace refuses the call, or without `overwrite` if the path exists meanwhile.
        """
        self._upload(item.path, item.kind, item.content, overwrite=overwrite)

    def write_copy(self, item: Item, content: bytes, today: str) -> str:
        """Write the user's version beside the item, under a new name.

        A copy with the same cells from an earlier, interrupted upload is reused.

        Returns
        -------
        str
            The path of the copy.
        """
        stem, dot, suffix = (
            item.path.rpartition(".") if item.kind is Kind.FILE else (item.path, "", "")
        )
        number = 1
        while True:
            suffix_number = f" {number}" if number > 1 else ""
            path = f"{stem} (yours, {today}{suffix_number}){dot}{suffix}"
            try:
                self._send(path, item.kind, content, overwrite=False)
            except ResourceAlreadyExists:
                if item.is_same(self.read(path, item.kind), content):
                    return path
                number += 1
            except CALLS_FAIL_WITH as error:
                raise call_error("write", f"{self.target}/{path}", error) from error
            else:
                return path

    # ---- calls ---------------------------------------------------------------------------------
    def _exists(
        self, entries: dict[str, ObjectType], name: str, path: str, expected: ObjectType
    ) -> bool:
        found = entries.get(name)
        if found is not None and found is not expected:
            raise UploadError(
                f"{self.target}/{path} is a {found.value.lower()}, expected a {expected.value.lower()}. "
                "Rename or delete it in the workspace, or choose another folder with --path."
            )
        return found is not None

    def _entries(self, folder: str) -> dict[str, ObjectType]:
        """Return the entries of a folder, listed once: name -> type."""
        if folder not in self._listed:
            self._listed[folder] = self._try("list", folder, lambda: self._list(folder))
        return self._listed[folder]

    def _list(self, folder: str) -> dict[str, ObjectType]:
        path = self.target.api(folder)
        try:
            status: ObjectInfo = self._api.get_status(path)
            if status.object_type not in (ObjectType.DIRECTORY, ObjectType.REPO):
                kind = status.object_type.value.lower() if status.object_type else "thing"
                raise UploadError(
                    f"{self._displayed_path(folder)} is a {kind}, expected a folder. Rename or delete it in the "
                    "workspace, or choose another folder with --path."
                )
            # by name: the paths in answers of a workspace lack /Workspace
            return {
                str(entry.path).rpartition("/")[2]: entry.object_type
                for entry in self._api.list(path)
                if entry.object_type
            }
        except NotFound:
            return {}

    def _upload(self, path: str, kind: Kind, content: bytes, *, overwrite: bool) -> None:
        self._try("write", path, lambda: self._send(path, kind, content, overwrite=overwrite))

    def _send(self, path: str, kind: Kind, content: bytes, *, overwrite: bool) -> None:
        import_format, language = _IMPORT[kind]
        self._api.upload(
            self.target.api(path),
            content,
            format=import_format,
            language=language,
            overwrite=overwrite,
        )

    def _try(self, action: str, path: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except CALLS_FAIL_WITH as error:
            raise call_error(action, self._displayed_path(path), error) from error

    def _displayed_path(self, path: str) -> str:
        return f"{self.target}/{path}" if path else str(self.target)
