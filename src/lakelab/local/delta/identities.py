"""Identity columns: the highest number that a table has generated.

The engine generates the numbers after this one, but does not store it: each append would begin at the start again.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#identity-columns
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.compute as pc
import pyarrow.parquet as pq

_START, _STEP, _MARK = (
    "delta.identity.start",
    "delta.identity.step",
    "delta.identity.highWaterMark",
)


def has_identities(fields: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a table generates numbers for a column.

    Examples
    --------
    >>> has_identities([{"name": "id", "metadata": {"delta.identity.start": 1}}])
    True
    """
    return any(_START in field["metadata"] for field in fields)


def has_marks(fields: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether each identity column has its highest number.

    Examples
    --------
    >>> has_marks([{"name": "id", "metadata": {"delta.identity.start": 1}}])
    False
    """
    return all(_MARK in f["metadata"] for f in fields if _START in f["metadata"])


def with_marks(
    metadata: Mapping[str, Any],
    folder: Path,
    files: Iterable[Mapping[str, Any]],
    given: Collection[str] = (),
) -> dict[str, Any]:
    """Return the metadata of a table with the highest number of each identity column.

    Parameters
    ----------
    metadata : mapping
        The ``metaData`` action.
    folder : Path
        The folder of the files.
    files : iterable of mapping
        The ``add`` actions of files with generated numbers.
    given : collection of str
        Columns whose numbers the user has given: these do not count, as in Delta.
    """
    schema = json.loads(metadata["schemaString"])
    paths = [folder / unquote(file["path"]) for file in files]
    names = {name.lower() for name in given}
    for field in schema["fields"]:
        if _START in field["metadata"] and field["name"].lower() not in names:
            _set_mark(field, paths)
    return {**metadata, "schemaString": json.dumps(schema)}


def _set_mark(field: dict[str, Any], paths: list[Path]) -> None:
    details = field["metadata"]
    highest = max if details[_STEP] > 0 else min
    numbers = [details[_MARK]] if _MARK in details else []
    for path in paths:
        if field["name"] in pq.read_schema(path).names:
            column = pq.read_table(path, columns=[field["name"]]).column(0)
            numbers += [n for n in pc.min_max(column).as_py().values() if n is not None]
    if numbers:
        details[_MARK] = highest(numbers)
