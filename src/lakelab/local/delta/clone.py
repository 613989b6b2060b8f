"""Clone a Delta table: its files under the same names, and the actions that make them the rows of another table.

Files of a Delta table never change, so a clone links to them where the file system can do that. Each table can
delete its own links.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#add-file-and-remove-file

Tested in ``tests/local/sql/statements/test_clone.py``.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable

from lakelab.local.delta.commit import Action, now
from lakelab.local.delta.statistics import live_adds, require_known_features


class CloneError(Exception):
    """A table cannot be cloned; the message says why."""


@dataclass(frozen=True)
class ClonedFiles:
    """The files of a table that is cloned, beside those of the table that they replace.

    Attributes
    ----------
    source : dict of str to dict
        The files of the source: path and ``add`` action of each.
    replaced : dict of str to dict
        The files of the table that becomes the clone; empty for a new table.
    """

    source: dict[str, dict[str, Any]]
    replaced: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, source: DeltaTable, folder: Path) -> ClonedFiles:
        """Read the files of a table, as of the version that ``source`` is at.

        Raises
        ------
        CloneError
            If a file is gone, or is not in the folder.
        lakelab.local.delta.statistics.StatisticsError
            If the table has a feature that asks for more, or a log that is not read here.
        """
        require_known_features(source)
        files = {add["path"]: add for add in live_adds(source, folder)}
        if any(add.get("deletionVector") or "://" in path for path, add in files.items()):
            raise CloneError("it has deletion vectors, or files outside of its folder")
        if missing := [path for path in files if not (folder / unquote(path)).exists()]:
            raise CloneError(
                f"{len(missing)} of its files are gone, removed by VACUUM for example. The first is "
                f"{missing[0]}"
            )
        return cls(files, {})

    @property
    def copied(self) -> list[dict[str, Any]]:
        """The files that the clone does not have yet."""
        return [add for path, add in self.source.items() if path not in self.replaced]

    @property
    def removed(self) -> list[dict[str, Any]]:
        """The files of the replaced table that the source does not have."""
        return [add for path, add in self.replaced.items() if path not in self.source]

    def copy(self, folder: Path, target: Path) -> None:
        """Link or copy the files from the folder of the source to that of the clone."""
        for add in self.copied:
            path = unquote(add["path"])
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            _link(folder / path, target / path)

    def actions(self) -> list[Action]:
        """Return the actions that replace the files."""
        removals = [
            {
                "path": add["path"],
                "partitionValues": add["partitionValues"],
                "size": add["size"],
                "dataChange": True,
                "extendedFileMetadata": True,
                "deletionTimestamp": now(),
            }
            for add in self.removed
        ]
        additions = [
            {**{key: value for key, value in add.items() if value is not None}, "dataChange": True}
            for add in self.copied
        ]
        return [*({"remove": r} for r in removals), *({"add": a} for a in additions)]

    def metrics(self, *, shallow: bool) -> dict[str, int]:
        """Return the metrics of Delta's history; a shallow clone counts no copied file."""
        copied = [] if shallow else self.copied
        return {
            "sourceTableSize": _size(list(self.source.values())),
            "sourceNumOfFiles": len(self.source),
            "numRemovedFiles": len(self.removed),
            "numCopiedFiles": len(copied),
            "removedFilesSize": _size(self.removed),
            "copiedFilesSize": _size(copied),
        }


def _size(adds: list[dict[str, Any]]) -> int:
    return sum(add["size"] for add in adds)


def _link(file: Path, target: Path) -> None:
    if target.exists():
        return  # an earlier clone of the same table was replaced since: the file has the same rows
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        os.link(file, draft)
    except OSError:  # another disk, or a file system without links
        shutil.copy2(file, draft)
    draft.replace(target)
