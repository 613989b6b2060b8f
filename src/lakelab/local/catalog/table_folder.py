"""The folder of a table's files: ``schema/table/<id>``, with another id for each table that was created.

The engine remembers what it read of a table by the table's folder. So a table that is dropped and created again
under its name must have another folder, as managed tables of Unity Catalog have. The first version of this
library kept a table in ``schema/table`` itself; such a table stays there until it is renamed.

Follows https://docs.databricks.com/aws/en/tables/managed
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

_ID_DIGITS = 12
"""Enough that no id comes twice for a name; short, as Windows allows 260 characters for a path."""
_ID = re.compile(rf"[0-9a-f]{{{_ID_DIGITS}}}")
_COMMIT = re.compile(r"\d{20}\.(json|checkpoint\..+)")
_DATA_FILE = re.compile(r"part-.+\.parquet")


def new_table_folder(parent: Path) -> Path:
    """Return a folder for the files of a new table; it is not created.

    Parameters
    ----------
    parent : Path
        The folder that is named as the table, or will be.

    Examples
    --------
    >>> new_table_folder(Path("weather")) == new_table_folder(Path("weather"))
    False
    """
    return parent / uuid.uuid4().hex[:_ID_DIGITS]


def find_table_folder(named: Path) -> Path | None:
    """Return the folder of a table's files; None if there is no table.

    Parameters
    ----------
    named : Path
        The folder that is named as the table: the files are in a folder in it, or in itself.

    Examples
    --------
    >>> find_table_folder(Path("no such table")) is None
    True
    """
    if has_commits(named):
        return named
    try:
        ids = sorted(name for name in os.listdir(named) if _ID.fullmatch(name))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((named / name for name in ids if has_commits(named / name)), None)


def has_commits(folder: Path) -> bool:
    """Return whether a folder is a Delta table; an interrupted or new table has no commit yet."""
    log = folder / "_delta_log"
    if (log / f"{0:020}.json").exists():
        return True
    try:  # old commits may be deleted after a checkpoint
        return any(map(_COMMIT.fullmatch, os.listdir(log)))
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_interrupted(named: Path) -> bool:
    """Return whether a folder has only data files: the engine was killed before the first commit of a table.

    The engine of the first version created tables in place.
    """
    files = [path for path in named.rglob("*") if not path.is_dir()]
    return bool(files) and all(_DATA_FILE.fullmatch(file.name) for file in files)
