"""``information_schema``: what a catalog has, as tables that one can search.

The engine does not know it. A query that names one of its relations gets the relation's rows put in its
place. Only what the user may see is in them, as on Databricks.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import DeltaError

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from sqlglot import exp

_logger = logging.getLogger(__name__)

SCHEMA = "information_schema"
Row = tuple[Any, ...]


def inline_relations(
    catalogs: WorkspaceCatalogs, user: str, text: str, current: Callable[[], str]
) -> str:
    """Put rows in the place of the relations of ``information_schema``.

    Parameters
    ----------
    catalogs : WorkspaceCatalogs
        The tables, their owners and grants.
    user : str
        Who asks.
    text : str
        The statement.
    current : callable
        Tells the current catalog, which a name of two levels is completed with.

    Returns
    -------
    str
        The statement for the engine; as it was if it names no such relation.

    Raises
    ------
    UnityCatalogError
        If it names a relation that is not answered on a laptop.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statement = sqlglot.parse_one(text, dialect="databricks")
    except SqlglotError:
        return text  # the engine's own error says where
    found = [t for t in statement.find_all(exp.Table) if t.db.lower() == SCHEMA]
    for table in found:
        rows = _relation(catalogs, user, table, (table.catalog or current()).lower())
        alias = table.alias or table.name
        table.replace(exp.Subquery(this=rows, alias=exp.to_identifier(alias, quoted=True)))
    return statement.sql("databricks") if found else text


def _relation(catalogs: WorkspaceCatalogs, user: str, table: exp.Table, catalog: str) -> exp.Query:
    from sqlglot import exp

    relation = _RELATIONS.get(table.name.lower())
    if relation is None:
        raise UnityCatalogError(
            f"{SCHEMA}.{table.name} is not answered on a laptop; {', '.join(_RELATIONS)} are. It "
            f"works on Databricks."
        )
    names, rows_of = relation
    rows = [row for found in _visible(catalogs, user, catalog) for row in rows_of(catalogs, found)]
    columns = [f"CAST({name} AS {kind}) AS {name}" for name, kind in names.items()]
    values = ", ".join(
        "(" + ", ".join(sql_literal(value) for value in row) + ")"
        for row in rows or [(None,) * len(names)]
    )
    known = f"SELECT {', '.join(columns)} FROM VALUES {values} AS rows({', '.join(names)})"
    query: exp.Expr = exp.maybe_parse(
        known if rows else f"{known} WHERE FALSE", dialect="databricks"
    )
    assert isinstance(query, exp.Query)
    return query


def _visible(catalogs: WorkspaceCatalogs, user: str, catalog: str) -> Iterator[UnityTable]:
    """Give the tables of a catalog, or of all for ``system``, that the user may see."""
    for name in catalogs.all_tables():
        securable = Securable("table", str(name))
        if (
            name.catalog != HIVE_METASTORE
            and catalog in (name.catalog, "system")
            and catalogs.governance.is_visible(user, securable)
        ):
            try:
                yield UnityTable(name, catalogs.path(name))
            except (DeltaError, OSError, ValueError) as error:  # one broken table hides no other
                _logger.warning("%s is left out: %s", name, error)


def _key(table: UnityTable) -> tuple[str, str, str]:
    return table.name.catalog, table.name.schema, table.name.table


def _tables(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    owner = catalogs.governance.owner(Securable("table", str(table.name)))
    created = table.delta.metadata().created_time
    yield (
        *_key(table),
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
        None,  # where the files are is nobody's business
    )


def _time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%F %T.%f}"


def _columns(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    partitions = table.delta.metadata().partition_columns
    for position, field in enumerate(table.fields, start=1):
        kind = sql_type(field["type"])
        name = field["name"]
        yield (
            *_key(table),
            name,
            position,
            table.default(name),
            "YES" if field["nullable"] else "NO",
            kind,
            _simple_type(kind),
            None,
            None,
            *_precision(kind),
            *[None] * 3,
            "NO",
            *[None] * 8,
            "NO",
            "NO",
            None,
            "YES",
            partitions.index(name) + 1 if name in partitions else None,
            field["metadata"].get("comment"),
        )


def _simple_type(kind: str) -> str:
    """Name a type without what it is made of.

    Examples
    --------
    >>> _simple_type("array<bigint>"), _simple_type("bigint"), _simple_type("decimal(9,2)")
    ('ARRAY', 'LONG', 'DECIMAL')
    """
    name = re.split(r"[<(]", kind)[0].upper()
    return {"BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE"}.get(name, name)


def _precision(kind: str) -> tuple[int | None, int | None, int | None, int | None]:
    """Give the precision of numbers, its radix, their scale, and the precision of times."""
    if decimal := re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", kind):
        return int(decimal[1]), 10, int(decimal[2]), None
    if kind in _BITS:
        bits, scale = _BITS[kind]
        return bits, 2, scale, None
    return None, None, None, {"date": 0, "timestamp": 3}.get(kind)


_BITS = {
    "tinyint": (8, 0),
    "smallint": (16, 0),
    "int": (32, 0),
    "bigint": (64, 0),
    "float": (24, None),
    "double": (53, None),
}


def _table_tags(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    for name, value in sorted(table.tags.items()):
        yield (*_key(table), name, value)


def _column_tags(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    for column, tags in sorted(table.column_tags.items()):
        for name, value in sorted(tags.items()):
            yield (*_key(table), column, name, value)


def _table_constraints(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    catalog, schema, _ = _key(table)
    if key := table.primary_key:
        yield (catalog, schema, key.name, *_key(table), "PRIMARY KEY", "YES", "YES", "NO", None)
    for name in sorted(table.checks):
        yield (catalog, schema, name, *_key(table), "CHECK", "YES", "YES", "YES", None)


def _key_column_usage(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[Row]:
    catalog, schema, _ = _key(table)
    if key := table.primary_key:
        for position, column in enumerate(key.columns, start=1):
            yield (catalog, schema, key.name, *_key(table), column, position, None)


def _strings(text: str) -> dict[str, str]:
    return dict.fromkeys(text.split(), "STRING")


_TABLE = _strings("table_catalog table_schema table_name")
_TAGGED = _strings("catalog_name schema_name table_name")
_CONSTRAINT = {**_strings("constraint_catalog constraint_schema constraint_name"), **_TABLE}

# in the order of the documentation, which counts positions from 1
_RELATIONS: dict[
    str, tuple[dict[str, str], Callable[[WorkspaceCatalogs, UnityTable], Iterator[Row]]]
] = {
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
