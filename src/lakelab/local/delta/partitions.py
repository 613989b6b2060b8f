"""Values of partition columns in the log, compared by value: writers spell a number or a time differently.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#partition-value-serialization

Tested in ``tests/local/spark/test_delta_writes.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

_READERS: dict[str, Callable[[str], object]] = {
    "byte": int,
    "short": int,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": str.lower,
    "timestamp": lambda text: datetime.fromisoformat(text.removesuffix("Z")),
    "timestamp_ntz": datetime.fromisoformat,
}


def partition_key(
    add: Mapping[str, Any], columns: Sequence[str], fields: Sequence[Mapping[str, Any]]
) -> tuple[object, ...]:
    """Return the partition of a file, for comparison with that of another file.

    Parameters
    ----------
    add : mapping
        The ``add`` action of the file.
    columns : sequence of str
        The partition columns.
    fields : sequence of mapping
        The columns of the table as the log has them.

    Examples
    --------
    >>> fields = [{"name": "n", "type": "long", "metadata": {}}]
    >>> partition_key({"partitionValues": {"n": "07"}}, ["n"], fields)
    (7,)
    """
    by_name = {field["name"]: field for field in fields}
    return tuple(_value(add["partitionValues"], by_name[column]) for column in columns)


def _value(values: Mapping[str, str | None], field: Mapping[str, Any]) -> object:
    physical = field["metadata"].get("delta.columnMapping.physicalName", field["name"])
    text = values.get(physical)
    if text is None or text == "":  # the protocol writes null as an empty string
        return None
    kind = str(field["type"])
    reader = Decimal if kind.startswith("decimal") else _READERS.get(kind, str)
    value = reader(text)
    return "NaN" if value != value else value  # NaN is one partition
