"""The course's folder in a workspace: what is there, and how it is read and written.

Notebooks and files go through ``POST /api/2.0/workspace/import`` with the file posted in the body
(``WorkspaceClient.workspace.upload``): the other form of this call, ``import_`` with the content in
base64, takes at most 10 MB, which the wheel nearly fills. A workspace file may have 500 MB. A volume of
Unity Catalog would take the wheel, too, but needs a catalog, a schema and rights on both before
anything can run; the folder needs a login.
https://docs.databricks.com/api/workspace/workspace/import
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
from lakelab.upload.errors import CALLS_FAIL_WITH, UploadError, refused
from lakelab.upload.login import our_version
from lakelab.upload.target import UploadTarget

MANIFEST = "lakelab-upload.json"
FORMAT = 1

T = TypeVar("T")

_TYPES = {
    Kind.JUPYTER: ObjectType.NOTEBOOK,
    Kind.SOURCE: ObjectType.NOTEBOOK,
    Kind.FILE: ObjectType.FILE,
}
_IMPORT = {
    Kind.JUPYTER: (ImportFormat.JUPYTER, Language.PYTHON),
    Kind.SOURCE: (ImportFormat.SOURCE, Language.PYTHON),
    # decides by the suffix; none of ours is a notebook's
    Kind.FILE: (ImportFormat.AUTO, None),
}
_EXPORT = {
    Kind.JUPYTER: ExportFormat.JUPYTER,
    Kind.SOURCE: ExportFormat.SOURCE,
    Kind.FILE: ExportFormat.AUTO,
}


@dataclass
class Manifest:
    """The fingerprints of what lakelab put into a folder, or was about to put there.

    It is written before the first upload, so it cannot miss one. What has such a fingerprint is a
    version of lakelab's own, whatever happened in between: nobody's work is lost by replacing it. What
    has another one is the learner's.

    Parameters
    ----------
    uploaded : dict
        Path -> fingerprint of what was sent -> that of what the workspace gave back right afterwards.
        They are the same as far as is known; a workspace that writes a source differently is
        remembered so, instead of being taken for the learner.
    readable : bool
        Whether there was none, or one that could be read.
    """

    uploaded: dict[str, dict[str, str]] = field(default_factory=dict)
    readable: bool = True

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Manifest:
        """Read it. One that is no manifest counts as empty: then everything that differs is kept.

        Raises
        ------
        UploadError
            If a newer lakelab wrote it.
        """
        try:
            told = json.loads(content)
            form = int(told["format"])
            uploaded = {path: dict(sent) for path, sent in told["uploaded"].items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls(readable=False)
        if form > FORMAT:
            raise UploadError(
                f"{where} was written by lakelab {told.get('lakelab')}, whose uploads this lakelab "
                f"{our_version()} does not know. Expected format {FORMAT}, it has {form}. Update lakelab: "
                "git pull"
            )
        return cls(uploaded)

    def as_now(self, item: Item) -> set[str]:
        """Give the fingerprints that the item has in the workspace if it is there as it is now."""
        sent = self.uploaded.get(item.path, {})
        return {item.fingerprint, sent.get(item.fingerprint, item.fingerprint)}

    def ours(self, item: Item) -> set[str]:
        """Give the fingerprints of all that lakelab ever put at the item's path."""
        sent = self.uploaded.get(item.path, {})
        return {*sent, *sent.values()}

    def with_all(self, items: Iterable[Item]) -> Manifest:
        """Give one that has these items, too."""
        uploaded = {path: dict(sent) for path, sent in self.uploaded.items()}
        for item in items:
            uploaded.setdefault(item.path, {}).setdefault(item.fingerprint, item.fingerprint)
        return Manifest(uploaded)

    def given_back(self, item: Item, fingerprint: str) -> bool:
        """Remember what came back of an item; say whether that is news."""
        news = fingerprint not in self.as_now(item)
        self.uploaded[item.path][item.fingerprint] = fingerprint
        return news

    def to_json(self) -> bytes:
        """Write it."""
        told = {
            "about": "What lakelab upload put into this folder: by this it tells your changes from its own.",
            "format": FORMAT,
            "lakelab": our_version(),
            "uploaded": dict(sorted(self.uploaded.items())),
        }
        return (json.dumps(told, indent=1) + "\n").encode()


class Folder:
    """A folder of a workspace, through databricks-sdk.

    Parameters
    ----------
    client : WorkspaceClient
        A client that is logged in.
    target : UploadTarget
        The folder; it need not exist yet.
    """

    def __init__(self, client: WorkspaceClient, target: UploadTarget):
        self.target = target
        self._api = client.workspace
        self._listed: dict[str, dict[str, ObjectType]] = {}

    def exists(self, item: Item) -> bool:
        """Say whether the item is there.

        Raises
        ------
        UploadError
            If something of another type is at its path, or the folder may not be read.
        """
        parent, _, name = item.path.rpartition("/")
        return self._is_there(self._entries(parent), name, item.path, _TYPES[item.kind])

    def read(self, path: str, kind: Kind) -> bytes:
        """Export a notebook, or read a file.

        Raises
        ------
        UploadError
            If the workspace refuses, for example a notebook with too large outputs.
        """

        def download() -> bytes:
            with self._api.download(self.target.api(path), format=_EXPORT[kind]) as body:
                return body.read()

        return self._try("read", path, download)

    def manifest(self) -> Manifest:
        """Read the manifest; an empty one if there is none."""
        if not self._is_there(self._entries(""), MANIFEST, MANIFEST, ObjectType.FILE):
            return Manifest()
        return Manifest.from_json(self.read(MANIFEST, Kind.FILE), f"{self.target}/{MANIFEST}")

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest."""
        self._upload(MANIFEST, Kind.FILE, manifest.to_json(), overwrite=True)

    def make_folders(self, items: Iterable[Item]) -> None:
        """Make the folders that the items are in, and all above them."""
        for folder in sorted({item.path.rpartition("/")[0] for item in items} | {""}):
            make = partial(self._api.mkdirs, self.target.api(folder))
            self._try("make the folder", folder, make)

    def write(self, item: Item, *, overwrite: bool) -> None:
        """Upload an item.

        Raises
        ------
        UploadError
            If the workspace refuses; without `overwrite` also if something came there meanwhile.
        """
        self._upload(item.path, item.kind, item.content, overwrite=overwrite)

    def keep_a_copy(self, item: Item, content: bytes, today: str) -> str:
        """Put the learner's version beside the item, under a name of its own.

        A copy with the same cells that an earlier, broken off run made is enough.

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
            again = f" {number}" if number > 1 else ""
            path = f"{stem} (yours, {today}{again}){dot}{suffix}"
            try:
                self._send(path, item.kind, content, overwrite=False)
            except ResourceAlreadyExists:
                if item.same(self.read(path, item.kind), content):
                    return path
                number += 1
            except CALLS_FAIL_WITH as error:
                raise refused("write", f"{self.target}/{path}", error) from error
            else:
                return path

    # ---- calls ---------------------------------------------------------------------------------
    def _is_there(
        self, entries: dict[str, ObjectType], name: str, path: str, wanted: ObjectType
    ) -> bool:
        found = entries.get(name)
        if found is not None and found is not wanted:
            raise UploadError(
                f"{self.target}/{path} is a {found.value.lower()}, expected a {wanted.value.lower()}. "
                "Rename or delete it in the workspace, or choose another folder with --path."
            )
        return found is not None

    def _entries(self, folder: str) -> dict[str, ObjectType]:
        """List a folder once: name -> type."""
        if folder not in self._listed:
            self._listed[folder] = self._try("list", folder, lambda: self._list(folder))
        return self._listed[folder]

    def _list(self, folder: str) -> dict[str, ObjectType]:
        at = self.target.api(folder)
        try:
            here: ObjectInfo = self._api.get_status(at)
            if here.object_type not in (ObjectType.DIRECTORY, ObjectType.REPO):
                kind = here.object_type.value.lower() if here.object_type else "thing"
                raise UploadError(
                    f"{self._shown(folder)} is a {kind}, expected a folder. Rename or delete it in the "
                    "workspace, or choose another folder with --path."
                )
            # by name: a workspace leaves /Workspace out of the paths that it answers
            return {
                str(one.path).rpartition("/")[2]: one.object_type
                for one in self._api.list(at)
                if one.object_type
            }
        except NotFound:
            return {}

    def _upload(self, path: str, kind: Kind, content: bytes, *, overwrite: bool) -> None:
        self._try("write", path, lambda: self._send(path, kind, content, overwrite=overwrite))

    def _send(self, path: str, kind: Kind, content: bytes, *, overwrite: bool) -> None:
        form, language = _IMPORT[kind]
        self._api.upload(
            self.target.api(path), content, format=form, language=language, overwrite=overwrite
        )

    def _try(self, what: str, path: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except CALLS_FAIL_WITH as error:
            raise refused(what, self._shown(path), error) from error

    def _shown(self, path: str) -> str:
        return f"{self.target}/{path}" if path else str(self.target)
