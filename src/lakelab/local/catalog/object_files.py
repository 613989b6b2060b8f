"""The files of a schema's objects other than tables: functions and views.

Other processes see either the whole file or nothing of it, whenever the writer is killed.

Tested in ``tests/local/catalog/test_views.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.system.unfinished import unfinished_name

_MAX_FILE_NAME = 255
"""Bytes that the file systems of all platforms allow."""


def check_file_name(file: Path, label: str) -> None:
    """Check that an object can have a file of its name.

    Parameters
    ----------
    file : Path
    label : str
        The object, for the message.

    Raises
    ------
    UnityCatalogError
        If the name is too long.
    """
    if len(file.name.encode()) > _MAX_FILE_NAME:
        raise UnityCatalogError(f"The name of {label} is too long for a file: take a shorter one.")


def write_file(schema: Path, file: Path, text: str) -> None:
    """Write the file of an object in one step.

    Parameters
    ----------
    schema : Path
        The folder of the schema.
    file : Path
        The file, in a folder of the schema that need not exist.
    text : str
    """
    # the start of another process deletes an abandoned folder of this name, as with tables
    staging = schema / f".staging-{unfinished_name()}"
    try:
        staging.mkdir()
        draft = staging / file.name
        draft.write_text(text, encoding="utf-8")
        file.parent.mkdir(exist_ok=True)
        draft.replace(file)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
