"""``SHOW CATALOGS``, ``SCHEMAS``, ``TABLES``, ``VIEWS`` and ``COLUMNS``, with the columns of Databricks.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-schemas and the
pages beside it
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.views import Views
from lakelab.local.sql.grammar.metadata import (
    ShowCatalogs,
    ShowColumns,
    ShowList,
    ShowSchemas,
    ShowTables,
    ShowViews,
)
from lakelab.local.sql.grammar.parser import Name
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.information_schema import SCHEMA as INFORMATION_SCHEMA
from lakelab.local.sql.results import string_column
from lakelab.local.sql.securables import (
    is_kept_view,
    is_visible,
    parse_catalog_name,
    resolve_schema,
    resolve_securable,
)
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def filter_like(names: list[str], like: str | None) -> list[str]:
    """Return the names that a pattern matches: ``*`` matches any text, ``|`` separates alternatives.

    Parameters
    ----------
    names : list of str
    like : str or None
        The pattern; None matches all names.

    Examples
    --------
    >>> filter_like(["main", "dev", "prod"], "m*|DEV")
    ['main', 'dev']
    """
    if not like:
        return names
    alternatives = [part.strip() for part in like.split("|")]
    pattern = re.compile(
        "|".join(f"(?:{part.replace('*', '.*')})" for part in alternatives), re.IGNORECASE
    )
    return [name for name in names if pattern.fullmatch(name)]


def _show_catalogs(session: Session, node: ShowCatalogs) -> DataFrame:
    visible = [c for c in session.unity.catalogs() if is_visible(session, Securable("catalog", c))]
    return string_column(session, "catalog", filter_like(visible, node.args["like"]))


def _show_schemas(session: Session, node: ShowSchemas) -> DataFrame:
    catalog = parse_catalog_name(node.this) if node.this else session.catalog.currentCatalog()
    resolve_securable(session, "CATALOG", Name.of(catalog))
    visible = [
        schema
        for schema in session.unity.schemas(catalog)
        if is_visible(session, Securable("schema", f"{catalog}.{schema}"))
    ]
    if catalog != HIVE_METASTORE:
        visible.append(INFORMATION_SCHEMA)
    return string_column(session, "databaseName", filter_like(sorted(visible), node.args["like"]))


def _show_tables(session: Session, node: ShowTables) -> DataFrame:
    """Return the tables and views as the engine lists them, after a check that the schema exists."""
    return session.engine_sql(f"SHOW TABLES IN {_schema(session, node)}{_like_clause(node)}")


def _show_views(session: Session, node: ShowViews) -> DataFrame:
    query = f"SHOW VIEWS IN {_schema(session, node)}{_like_clause(node)}"
    rows = [
        ("" if row["isTemporary"] else row["namespace"][-1], row["tableName"], row["isTemporary"])
        for row in session.engine_sql(query).collect()
    ]
    return session.createDataFrame(rows, "namespace string, viewName string, isTemporary boolean")


def _show_columns(session: Session, node: ShowColumns) -> DataFrame:
    name = node.this
    if schema := node.args["schema"]:
        name = Name.of(*schema.levels, name.levels[-1])
    full = session.resolve(name.quoted)
    if is_kept_view(session, name, full):
        columns = Views(session.unity).get(full).columns
        return string_column(session, "col_name", [column.name for column in columns])
    fields = session.unity.table(full).fields
    return string_column(session, "col_name", [field["name"] for field in fields])


def _schema(session: Session, node: ShowList) -> str:
    """Return the schema of a statement, or the current one, as the engine reads it."""
    if not node.this:
        catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    else:
        catalog, schema = resolve_schema(session, node.this)
        if schema == INFORMATION_SCHEMA:
            raise UnityCatalogError(
                f"The relations of {INFORMATION_SCHEMA} are not listed on a laptop: query them."
            )
        session.unity.require_schema(catalog, schema)
    return f"`{catalog}`.`{schema}`"


def _like_clause(node: ShowList) -> str:
    return f" LIKE {sql_literal(node.args['like'])}" if node.args["like"] else ""


HANDLERS: Handlers = {
    ShowCatalogs: _show_catalogs,
    ShowSchemas: _show_schemas,
    ShowTables: _show_tables,
    ShowViews: _show_views,
    ShowColumns: _show_columns,
}
