"""``information_schema``: the tables of a catalog, their columns, tags and constraints, as relations.

The engine does not have these relations. A query that names one of them gets the relation's rows inlined.
The rows contain only what the user may see, as on Databricks.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.views import UnityView, Views
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.information_schema_relations import RELATIONS, VIEW_ROWS
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from sqlglot import exp

_logger = logging.getLogger(__name__)

SCHEMA = "information_schema"


def inline_relations(
    catalogs: WorkspaceCatalogs, user: str, text: str, current_catalog: Callable[[], str]
) -> str:
    """Return a statement with rows instead of the relations of ``information_schema``.

    Parameters
    ----------
    catalogs : WorkspaceCatalogs
        The tables, their owners and grants.
    user : str
        The user whose privileges decide which rows the relations have.
    text : str
        The statement.
    current_catalog : callable
        Returns the current catalog, which completes a name of two levels.

    Returns
    -------
    str
        The statement for the engine; the same text if it names no such relation.

    Raises
    ------
    UnityCatalogError
        If it names a relation that a laptop does not have.
    """
    from sqlglot import exp

    tree = parse(text).tree
    if tree is None or not any(t.db.lower() == SCHEMA for t in tree.find_all(exp.Table)):
        return text
    statement = tree.copy()
    for table in [t for t in statement.find_all(exp.Table) if t.db.lower() == SCHEMA]:
        catalog = (table.catalog or current_catalog()).lower()
        rows = _relation(catalogs, user, table.name, catalog)
        alias = exp.to_identifier(table.alias or table.name, quoted=True)
        table.replace(exp.Subquery(this=rows, alias=alias))
    return to_sql(statement)


def _relation(catalogs: WorkspaceCatalogs, user: str, name: str, catalog: str) -> exp.Query:
    """Return a query with the rows of one relation."""
    from sqlglot import exp

    relation = RELATIONS.get(name.lower())
    if relation is None:
        raise UnityCatalogError(
            f"{SCHEMA}.{name} is not answered on a laptop; {', '.join(RELATIONS)} are. It "
            f"works on Databricks."
        )
    columns, rows_of = relation
    rows = [
        row
        for table in _visible_tables(catalogs, user, catalog)
        for row in rows_of(catalogs, table)
    ]
    if (rows_of_view := VIEW_ROWS.get(name.lower())) is not None:
        for view in _visible_views(catalogs, user, catalog):
            rows += rows_of_view(catalogs, user, view)
    casts = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items())
    values = ", ".join(
        "(" + ", ".join(sql_literal(value) for value in row) + ")"
        for row in rows or [(None,) * len(columns)]
    )
    text = f"SELECT {casts} FROM VALUES {values} AS rows({', '.join(columns)})"
    query: exp.Expr = exp.maybe_parse(text if rows else f"{text} WHERE FALSE", dialect="databricks")
    assert isinstance(query, exp.Query)
    return query


def _visible_tables(catalogs: WorkspaceCatalogs, user: str, catalog: str) -> Iterator[UnityTable]:
    """Yield the tables of a catalog that the user may see; ``system`` stands for all catalogs."""
    for name in catalogs.all_tables():
        if _is_visible(catalogs, user, catalog, name):
            try:
                yield UnityTable(name, catalogs.path(name))
            except (DeltaError, OSError, ValueError) as error:  # one broken table hides no other
                _logger.warning("%s is left out: %s", name, error)


def _visible_views(catalogs: WorkspaceCatalogs, user: str, catalog: str) -> Iterator[UnityView]:
    """Yield the views of a catalog that the user may see."""
    views = Views(catalogs)
    for name in catalogs.all_views():
        if _is_visible(catalogs, user, catalog, name):
            try:
                yield views.get(name)
            except UnityCatalogError as error:  # dropped meanwhile, or damaged
                _logger.warning("%s is left out: %s", name, error)


def _is_visible(catalogs: WorkspaceCatalogs, user: str, catalog: str, name: TableName) -> bool:
    return (
        name.catalog != HIVE_METASTORE
        and catalog in (name.catalog, "system")
        and catalogs.governance.is_visible(user, Securable("table", str(name)))
    )
