"""Spark SQL names of Delta types."""

from __future__ import annotations

from typing import Any

_SQL_TYPES = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}


def sql_type(delta_type: str | dict[str, Any]) -> str:
    """Return the Spark SQL name of a Delta type.

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
        return f"array<{sql_type(delta_type['elementType'])}>"
    if kind == "map":
        return f"map<{sql_type(delta_type['keyType'])},{sql_type(delta_type['valueType'])}>"
    fields = (f"{field['name']}:{sql_type(field['type'])}" for field in delta_type["fields"])
    return f"struct<{','.join(fields)}>"
