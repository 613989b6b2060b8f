"""VARCHAR(n): a STRING in the Delta log, whose length stands in the metadata of the column.

Follows https://docs.databricks.com/aws/en/sql/language-manual/data-types/string-type and
https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lakelab.local.catalog import conditions

CHAR_VARCHAR_TYPE = "__CHAR_VARCHAR_TYPE_STRING"
"""Key of the metadata of a column, as Spark writes it."""

EXCEEDED = conditions.DELTA_EXCEED_CHAR_VARCHAR_LIMIT
_VARCHAR = "varchar("


def varchar_limit(field: Mapping[str, Any]) -> int | None:
    """Return how many characters a column takes; None if it has no limit.

    Parameters
    ----------
    field : mapping
        The column as the Delta log has it.

    Examples
    --------
    >>> varchar_limit({"name": "a", "metadata": {CHAR_VARCHAR_TYPE: "varchar(3)"}})
    3
    >>> varchar_limit({"name": "a", "metadata": {}}) is None
    True
    """
    kind = str(field.get("metadata", {}).get(CHAR_VARCHAR_TYPE, "")).lower()
    digits = kind.removeprefix(_VARCHAR).removesuffix(")")
    return int(digits) if kind.startswith(_VARCHAR) and digits.isdigit() else None


def varchar_limits(fields: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the columns that have a limit, with their limits."""
    limits = {field["name"]: varchar_limit(field) for field in fields}
    return {name: limit for name, limit in limits.items() if limit is not None}


def store_limits(folder: Path, limits: Mapping[str, int]) -> None:
    """Write the limits of the columns of a new table into its first commit.

    Parameters
    ----------
    folder : Path
        The folder of a table that was created just now.
    limits : mapping of str to int
        The name of a column in lower case -> its limit.
    """
    commit = folder / "_delta_log" / f"{0:020}.json"
    if not limits or not commit.exists():
        return
    actions = [json.loads(line) for line in commit.read_text("utf-8").splitlines()]
    for action in actions:
        if "metaData" not in action:
            continue
        schema = json.loads(action["metaData"]["schemaString"])
        for field in schema["fields"]:
            limit = limits.get(field["name"].lower())
            if limit is not None:
                field["metadata"][CHAR_VARCHAR_TYPE] = f"{_VARCHAR}{limit})"
        action["metaData"]["schemaString"] = json.dumps(schema)
    commit.with_suffix(".crc").unlink(missing_ok=True)  # it repeats the metadata; readers need none
    commit.write_text("".join(f"{json.dumps(action)}\n" for action in actions), "utf-8")
