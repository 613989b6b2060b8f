"""Tell whether a table is still the one that was seen: other notebooks drop it, make it anew, change its columns.

The engine keeps a table's columns as it has read them last. Of a table that is another one since then,
under the same name, it would ask for columns that are gone.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_COMMIT = re.compile(r"(\d{20})\.json")


@dataclass(frozen=True)
class LogSnapshot:
    """The last commit of a table that was seen.

    Parameters
    ----------
    folder : Path
        The table's folder.
    version : int
        The commit's version; -1 where there was none.
    identity : tuple of int, optional
        What tells the commit's file from another of the same name.
    """

    folder: Path
    version: int
    identity: tuple[int, int] | None

    @classmethod
    def read(cls, folder: Path) -> LogSnapshot:
        """Look at a table's log.

        Examples
        --------
        >>> LogSnapshot.read(Path("no such table")).version
        -1
        """
        try:
            found = [_COMMIT.fullmatch(name) for name in os.listdir(folder / "_delta_log")]
        except OSError:  # dropped meanwhile, or not ours to read: whoever opens the table says so
            found = []
        version = max((int(commit[1]) for commit in found if commit), default=-1)
        return cls(folder, version, _identity(folder, version))

    def refresh(self) -> LogSnapshot | None:
        """Look once more. None if the engine must read the table's columns anew."""
        if self.identity != _identity(self.folder, self.version):
            return None  # another table, or a log whose old commits were cleared
        version = self.version
        while (commit := _commit(self.folder, version + 1)).exists():
            try:
                told = commit.read_bytes()
            except OSError:
                return None
            if b'"metaData"' in told:
                return None
            version += 1
        if version == self.version:
            return self
        return LogSnapshot(self.folder, version, _identity(self.folder, version))


def _commit(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"


def _identity(folder: Path, version: int) -> tuple[int, int] | None:
    try:
        told = _commit(folder, version).stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns
