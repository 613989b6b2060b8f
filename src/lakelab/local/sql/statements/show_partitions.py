"""``SHOW PARTITIONS``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-partitions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.grammar.metadata import ShowPartitions
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.results import string_column

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.catalog.table import UnityTable
    from lakelab.local.sql.session import Session

_NULL = "__HIVE_DEFAULT_PARTITION__"
_ESCAPED = frozenset("\"#%'*/:=?\\\x7f{[]^")
"""The characters that Hive does not write into the name of a folder."""


def _show_partitions(session: Session, node: ShowPartitions) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    columns: list[str] = table.delta.metadata().partition_columns
    if not columns:
        raise UnityCatalogError(
            f"SHOW PARTITIONS is not allowed on a table that is not partitioned: {table.name}.",
            condition=conditions.DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_TABLE,
        )
    wanted = _wanted(table, columns, node.args["values"])
    partitions = [p for p in table.delta.partitions() if wanted.items() <= p.items()]
    return string_column(session, "partition", sorted(_text(p, columns) for p in partitions))


def _wanted(table: UnityTable, columns: list[str], values: dict[str, Any]) -> dict[str, str | None]:
    """Return the values of a PARTITION clause under the names of the table's columns."""
    spelled = {column.lower(): column for column in columns}
    if wrong := [name for name in values if name.lower() not in spelled]:
        raise UnityCatalogError(
            f"Non-partitioning column(s) {', '.join(wrong)} are specified for SHOW PARTITIONS. Table "
            f"{table.name} is partitioned by {', '.join(columns)}.",
            condition=conditions.DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_COLUMN,
        )
    return {
        spelled[name.lower()]: None if value.key == "null" else value.name
        for name, value in values.items()
        if value is not None
    }


def _text(partition: Mapping[str, str | None], columns: list[str]) -> str:
    """Return a partition as the names of its folders.

    Examples
    --------
    >>> _text({"day": "2013-01-01", "at": "10:00"}, ["day", "at"])
    'day=2013-01-01/at=10%3A00'
    """
    return "/".join(f"{_escaped(name)}={_escaped(partition[name])}" for name in columns)


def _escaped(value: str | None) -> str:
    if not value:
        return _NULL
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED or c < " " else c for c in value)


HANDLERS: Handlers = {ShowPartitions: _show_partitions}
