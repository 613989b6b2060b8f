"""Files of model versions: one folder each."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.system.unfinished import is_abandoned, unfinished_name

_TRASH = ".trash-"


class ModelFiles:
    """The folders of model versions below one root.

    Neither a path from a caller nor a link inside a folder leads out of the folder.

    Parameters
    ----------
    root : Path
        The folder for all models; created when needed.
    """

    def __init__(self, root: Path):
        self.root = root.resolve()

    def new_folder(self, model: str) -> str:
        """Create an empty folder for a version, and return its path below the root."""
        relative = "/".join([*model.split("."), uuid.uuid4().hex])
        (self.root / relative).mkdir(parents=True)
        return relative

    def folder(self, relative: str) -> Path:
        """Return a version's folder.

        Raises
        ------
        ApiError
            If the path is not that of a version's folder below the root. The path comes from a tag of
            the registry, which other programs can write.
        """
        parts = relative.split("/")
        if len(parts) != 4 or any(_unsafe(part) for part in parts):
            raise ApiError(
                conditions.INVALID_STATE, f"'{relative}' is not the folder of a model version."
            )
        return self.inside(self.root, parts)

    def inside(self, folder: Path, parts: Sequence[str]) -> Path:
        """Return the path of a file or folder below a version's folder, whether or not it exists yet.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if the path leads elsewhere.
        """
        path = folder.joinpath(*parts)
        if any(_unsafe(part) for part in parts) or not _leads_inside(path, folder):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Invalid path '{'/'.join(parts)}': it leads out of the model version.",
            )
        return path

    def entries(self, folder: Path, path: Path) -> list[os.DirEntry[str]]:
        """List a directory of a version, without links that lead out of the version."""
        with os.scandir(path) as entries:
            return sorted(
                (entry for entry in entries if _leads_inside(Path(entry.path), folder)),
                key=lambda entry: entry.name,
            )

    def upload_draft(self) -> Path:
        """Return a new path for an unfinished upload, outside of all versions and on the same disk."""
        drafts = self.root / ".uploads"
        drafts.mkdir(parents=True, exist_ok=True)
        return drafts / unfinished_name()

    def remove_unfinished(self) -> None:
        """Delete the unfinished uploads and half-deleted versions that a killed process left behind."""
        for draft in filter(is_abandoned, self.root.glob(".uploads/*")):
            if draft.is_dir():
                shutil.rmtree(draft, ignore_errors=True)
            else:
                draft.unlink(missing_ok=True)
        for trash in self.root.glob(f"{_TRASH}*"):
            shutil.rmtree(trash, ignore_errors=True)

    def delete(self, relative: str) -> None:
        """Delete a version's folder: it disappears in one step, then its files are deleted."""
        folder = self.folder(relative)
        if folder.is_dir():
            trash = self.root / f"{_TRASH}{uuid.uuid4().hex}"
            folder.rename(trash)
            shutil.rmtree(trash, ignore_errors=True)


def _unsafe(part: str) -> bool:
    return part in ("", ".", "..") or any(c in "/\\" or ord(c) < 32 for c in part)


def _leads_inside(path: Path, folder: Path) -> bool:
    # realpath follows the links in the existing part of the path
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
