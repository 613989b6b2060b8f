"""The relations of ``information_schema``: their columns, and the rows of each table.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema and the page of
each relation

Tested in ``tests/local/sql/test_information_schema.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.catalog.views import UnityView
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs

Row = tuple[Any, ...]
Columns = dict[str, str]
"""Types of columns, by name."""


def _tables(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    owner = catalogs.governance.owner(Securable("table", str(table.name)))
    created = table.delta.metadata().created_time
    yield (
        *_full_name(table),
        "MANAGED",
        "YES",
        "PRESERVE",
        owner,
        table.comment,
        _time(created),
        owner,
        _time(table.delta.history(1)[0]["timestamp"]),
        owner,
        "DELTA",
        None,
        None,  # Databricks does not show where the files of a managed table are
    )


def _columns(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    partitions = table.delta.metadata().partition_columns
    for position, field in enumerate(table.fields, start=1):
        name = field["name"]
        nullable = "YES" if field["nullable"] else "NO"
        yield _column_row(
            _full_name(table),
            (name, position, table.default(name), nullable, sql_type(field["type"])),
            partitions.index(name) + 1 if name in partitions else None,
            field["metadata"].get("comment"),
        )


def _no_rows(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    """Yield nothing: a table has no row in the relation."""
    yield from ()


def _view_as_table(catalogs: WorkspaceCatalogs, user: str, view: UnityView) -> Iterator[Row]:
    owner = catalogs.governance.owner(Securable("table", str(view.name)))
    yield (
        *_levels(view.name),
        "VIEW",
        "NO",
        "PRESERVE",
        owner,
        view.comment,
        _time(view.created_at),
        view.creator,
        _time(view.changed_at),
        owner,
        "UNKNOWN_DATA_SOURCE_FORMAT",
        None,
        None,
    )


def _columns_of_view(catalogs: WorkspaceCatalogs, user: str, view: UnityView) -> Iterator[Row]:
    for position, column in enumerate(view.columns, start=1):
        fixed = (column.name, position, None, "YES" if column.nullable else "NO", column.sql_type)
        yield _column_row(_levels(view.name), fixed, None, column.comment)


def _views(catalogs: WorkspaceCatalogs, user: str, view: UnityView) -> Iterator[Row]:
    is_owner = catalogs.governance.owns(user, Securable("table", str(view.name)))
    query = view.query if is_owner else None
    yield (*_levels(view.name), query, "NONE", "NO", "NO", None)


def _table_tags(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    for name, value in sorted(table.tags.items()):
        yield (*_full_name(table), name, value)


def _column_tags(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    for column, tags in sorted(table.column_tags.items()):
        for name, value in sorted(tags.items()):
            yield (*_full_name(table), column, name, value)


def _table_constraints(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    name = _full_name(table)
    if key := table.primary_key:
        yield (*name[:2], key.name, *name, "PRIMARY KEY", "YES", "YES", "NO", None)
    for check in sorted(table.checks):
        yield (*name[:2], check, *name, "CHECK", "YES", "YES", "YES", None)


def _key_column_usage(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    name = _full_name(table)
    if key := table.primary_key:
        for position, column in enumerate(key.columns, start=1):
            yield (*name[:2], key.name, *name, column, position, None)


def _full_name(table: UnityTable) -> tuple[str, str, str]:
    return _levels(table.name)


def _levels(name: TableName) -> tuple[str, str, str]:
    return name.catalog, name.schema, name.table


def _column_row(
    name: tuple[str, str, str],
    fixed: tuple[str, int, str | None, str, str],
    partition: int | None,
    comment: str | None,
) -> Row:
    """Return the row of a column: its name, position, default, whether it may be null, and type are given."""
    full_type = fixed[-1]
    return (
        *name,
        *fixed,
        _simple_type(full_type),
        None,
        None,
        *_precision(full_type),
        *[None] * 3,
        "NO",
        *[None] * 8,
        "NO",
        "NO",
        None,
        "YES",
        partition,
        comment,
    )


def _time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%F %T.%f}"


def _simple_type(full_type: str) -> str:
    """Return the name of a type without its parameters.

    Examples
    --------
    >>> _simple_type("array<bigint>"), _simple_type("bigint"), _simple_type("decimal(9,2)")
    ('ARRAY', 'LONG', 'DECIMAL')
    """
    name = re.split(r"[<(]", full_type)[0].upper()
    return {"BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE"}.get(name, name)


def _precision(full_type: str) -> tuple[int | None, int | None, int | None, int | None]:
    """Return the precision, radix and scale of a number, and the precision of a date or time."""
    if decimal := re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", full_type):
        return int(decimal[1]), 10, int(decimal[2]), None
    if full_type in _BITS:
        bits, scale = _BITS[full_type]
        return bits, 2, scale, None
    return None, None, None, {"date": 0, "timestamp": 3}.get(full_type)


_BITS = {
    "tinyint": (8, 0),
    "smallint": (16, 0),
    "int": (32, 0),
    "bigint": (64, 0),
    "float": (24, None),
    "double": (53, None),
}


def _strings(names: str) -> Columns:
    return dict.fromkeys(names.split(), "STRING")


_TABLE = _strings("table_catalog table_schema table_name")
_TAGGED = _strings("catalog_name schema_name table_name")
_CONSTRAINT = {**_strings("constraint_catalog constraint_schema constraint_name"), **_TABLE}

RELATIONS: dict[str, tuple[Columns, Callable[[WorkspaceCatalogs, UnityTable], Iterator[Row]]]] = {
    "tables": (
        {
            **_TABLE,
            **_strings("table_type is_insertable_into commit_action table_owner comment"),
            "created": "TIMESTAMP",
            "created_by": "STRING",
            "last_altered": "TIMESTAMP",
            **_strings("last_altered_by data_source_format storage_sub_directory storage_path"),
        },
        _tables,
    ),
    "columns": (
        {
            **_TABLE,
            "column_name": "STRING",
            "ordinal_position": "INT",
            **_strings("column_default is_nullable full_data_type data_type"),
            "character_maximum_length": "INT",
            "character_octet_length": "STRING",
            **dict.fromkeys(
                (
                    "numeric_precision",
                    "numeric_precision_radix",
                    "numeric_scale",
                    "datetime_precision",
                ),
                "INT",
            ),
            **_strings("interval_type interval_precision"),
            "maximum_cardinality": "INT",
            **_strings(
                "is_identity identity_generation identity_start identity_increment "
                "identity_maximum identity_minimum identity_cycle is_generated "
                "generation_expression is_system_time_period_start is_system_time_period_end "
                "system_time_period_timestamp_generation is_updatable"
            ),
            "partition_ordinal_position": "INT",
            "comment": "STRING",
        },
        _columns,
    ),
    "views": (
        {
            **_TABLE,
            **_strings("view_definition check_option is_updatable is_insertable_into sql_path"),
        },
        _no_rows,
    ),
    "table_tags": ({**_TAGGED, **_strings("tag_name tag_value")}, _table_tags),
    "column_tags": ({**_TAGGED, **_strings("column_name tag_name tag_value")}, _column_tags),
    "table_constraints": (
        {
            **_CONSTRAINT,
            **_strings("constraint_type is_deferrable initially_deferred enforced comment"),
        },
        _table_constraints,
    ),
    "key_column_usage": (
        {
            **_CONSTRAINT,
            "column_name": "STRING",
            "ordinal_position": "INT",
            "position_in_unique_constraint": "INT",
        },
        _key_column_usage,
    ),
}
"""Columns of each relation, and a function that yields its rows of one table.

The columns have the order of the documentation, and positions count from 1.
"""

VIEW_ROWS: dict[str, Callable[[WorkspaceCatalogs, str, UnityView], Iterator[Row]]] = {
    "tables": _view_as_table,
    "columns": _columns_of_view,
    "views": _views,
}
"""Relations that have rows of views, and a function that yields them for a user."""
