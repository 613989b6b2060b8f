"""Spark SQL names of Delta types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_SQL_TYPES = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}


def sql_type(delta_type: str | dict[str, Any], field_name: Callable[[str], str] = str) -> str:
    """Return the Spark SQL name of a Delta type.

    Parameters
    ----------
    delta_type : str or dict
        The type as the Delta log has it.
    field_name : callable
        How the name of a struct's field is written, for example in backticks.

    Examples
    --------
    >>> sql_type("long")
    'bigint'
    >>> sql_type({"type": "array", "elementType": "integer", "containsNull": True})
    'array<int>'
    """
    if isinstance(delta_type, str):
        return _SQL_TYPES.get(delta_type, delta_type)
    kind = delta_type["type"]
    if kind == "array":
        return f"array<{sql_type(delta_type['elementType'], field_name)}>"
    if kind == "map":
        parts = (sql_type(delta_type[part], field_name) for part in ("keyType", "valueType"))
        return f"map<{','.join(parts)}>"
    fields = (
        f"{field_name(field['name'])}:{sql_type(field['type'], field_name)}"
        for field in delta_type["fields"]
    )
    return f"struct<{','.join(fields)}>"
