"""``information_schema``: what a catalog has, as tables that one can search.

The engine does not know it. A query that names one of its relations gets the relation's rows put in its
place. Only what the user may see is in them, as on Databricks.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import DeltaError

from lakelab.local.hive_metastore import WorkspaceCatalogs
from lakelab.local.sql_text import literal
from lakelab.local.unity_catalog import HIVE_METASTORE, UnityCatalogError, UnityTable
from lakelab.local.workspace.catalog import sql_type
from lakelab.local.workspace.grants import Securable

if TYPE_CHECKING:
    from sqlglot import exp

_logger = logging.getLogger(__name__)

SCHEMA = "information_schema"
_TABLE = {"table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING"}


def with_rows(catalogs: WorkspaceCatalogs, user: str, text: str, current: Callable[[], str]) -> str:
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
        "(" + ", ".join(literal(value) for value in row) + ")"
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
            and catalogs.governance.visible(user, securable)
        ):
            try:
                yield UnityTable(name, catalogs.path(name))
            except (DeltaError, OSError, ValueError) as error:  # one broken table hides no other
                _logger.warning("%s is left out: %s", name, error)


def _key(table: UnityTable) -> tuple[str, str, str]:
    return table.name.catalog, table.name.schema, table.name.table


def _tables(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[tuple[Any, ...]]:
    owner = catalogs.governance.owner(Securable("table", str(table.name)))
    yield (*_key(table), "MANAGED", owner, table.comment, "DELTA")


def _columns(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[tuple[Any, ...]]:
    for position, field in enumerate(table.fields):
        yield (
            *_key(table),
            field["name"],
            position,
            "YES" if field["nullable"] else "NO",
            sql_type(field["type"]),
            field["metadata"].get("comment"),
        )


def _table_tags(catalogs: WorkspaceCatalogs, table: UnityTable) -> Iterator[tuple[Any, ...]]:
    for name, value in sorted(table.tags.items()):
        yield (*_key(table), name, value)


_RELATIONS: dict[
    str,
    tuple[dict[str, str], Callable[[WorkspaceCatalogs, UnityTable], Iterator[tuple[Any, ...]]]],
] = {
    "tables": (
        {
            **_TABLE,
            "table_type": "STRING",
            "table_owner": "STRING",
            "comment": "STRING",
            "data_source_format": "STRING",
        },
        _tables,
    ),
    "columns": (
        {
            **_TABLE,
            "column_name": "STRING",
            "ordinal_position": "INT",
            "is_nullable": "STRING",
            "full_data_type": "STRING",
            "comment": "STRING",
        },
        _columns,
    ),
    "table_tags": (
        {
            "catalog_name": "STRING",
            "schema_name": "STRING",
            "table_name": "STRING",
            "tag_name": "STRING",
            "tag_value": "STRING",
        },
        _table_tags,
    ),
}
