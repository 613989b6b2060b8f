"""Detect that another notebook dropped a table, replaced it, or changed its columns.

The engine keeps the columns of a table as it read them last. If the table was replaced under the same
name, the engine would still ask for the old columns.

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
    """The last commit of a table at the time when its log was read.

    Parameters
    ----------
    folder : Path
        The table's folder.
    version : int
        The version of the commit; -1 if there was none.
    identity : tuple of int, optional
        Identifies the file of the commit: another file of the same name has another identity.
    """

    folder: Path
    version: int
    identity: tuple[int, int] | None

    @classmethod
    def read(cls, folder: Path) -> LogSnapshot:
        """Read the log of a table.

        Examples
        --------
        >>> LogSnapshot.read(Path("no such table")).version
        -1
        """
        try:
            commits = [_COMMIT.fullmatch(name) for name in os.listdir(folder / "_delta_log")]
        except (
            OSError
        ):  # dropped meanwhile, or not readable: the error comes when the table is opened
            commits = []
        version = max((int(commit[1]) for commit in commits if commit), default=-1)
        return cls(folder, version, _identity(folder, version))

    def refresh(self) -> LogSnapshot | None:
        """Read the log again; return None if the engine must read the columns of the table again."""
        if self.identity != _identity(self.folder, self.version):
            return None  # another table, or a log whose old commits were deleted
        version = self.version
        while (commit := _commit(self.folder, version + 1)).exists():
            try:
                content = commit.read_bytes()
            except OSError:
                return None
            if b'"metaData"' in content:
                return None
            version += 1
        if version == self.version:
            return self
        return LogSnapshot(self.folder, version, _identity(self.folder, version))


def _commit(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"


def _identity(folder: Path, version: int) -> tuple[int, int] | None:
    try:
        status = _commit(folder, version).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
