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
from lakelab.local.sql.information_schema import SCHEMA as INFORMATION_SCHEMA
from lakelab.local.sql.results import string_column
from lakelab.local.sql.securables import (
    is_visible,
    parse_catalog_name,
    resolve_schema,
    resolve_securable,
)
from lakelab.local.sql.text import LEVELS, QUALIFIED_NAME, STRING, parse_string, statement_pattern

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

IN_SCHEMA = rf"(?: (?:IN|FROM) {QUALIFIED_NAME})?"
LIKE = rf"(?:(?: LIKE)? (?P<like>{STRING}))?"


def filter_like(names: list[str], like: str | None) -> list[str]:
    """Return the names that a pattern matches: ``*`` matches any text, ``|`` separates alternatives.

    Parameters
    ----------
    names : list of str
    like : str or None
        The pattern as the statement has it, in quotes; None matches all names.

    Examples
    --------
    >>> filter_like(["main", "dev", "prod"], "'m*|DEV'")
    ['main', 'dev']
    """
    if not like:
        return names
    alternatives = [part.strip() for part in parse_string(like).split("|")]
    pattern = re.compile(
        "|".join(f"(?:{part.replace('*', '.*')})" for part in alternatives), re.IGNORECASE
    )
    return [name for name in names if pattern.fullmatch(name)]


def _show_catalogs(session: Session, match: re.Match[str]) -> DataFrame:
    visible = [c for c in session.unity.catalogs() if is_visible(session, Securable("catalog", c))]
    return string_column(session, "catalog", filter_like(visible, match["like"]))


def _show_schemas(session: Session, match: re.Match[str]) -> DataFrame:
    catalog = parse_catalog_name(match["name"] or f"`{session.catalog.currentCatalog()}`")
    resolve_securable(session, "CATALOG", f"`{catalog}`")
    visible = [
        schema
        for schema in session.unity.schemas(catalog)
        if is_visible(session, Securable("schema", f"{catalog}.{schema}"))
    ]
    if catalog != HIVE_METASTORE:
        visible.append(INFORMATION_SCHEMA)
    return string_column(session, "databaseName", filter_like(sorted(visible), match["like"]))


def _show_tables(session: Session, match: re.Match[str]) -> DataFrame:
    """Return the tables and views as the engine lists them, after a check that the schema exists."""
    return session.engine_sql(f"SHOW TABLES IN {_schema(session, match)}{_like_clause(match)}")


def _show_views(session: Session, match: re.Match[str]) -> DataFrame:
    query = f"SHOW VIEWS IN {_schema(session, match)}{_like_clause(match)}"
    rows = [
        ("" if row["isTemporary"] else row["namespace"][-1], row["tableName"], row["isTemporary"])
        for row in session.engine_sql(query).collect()
    ]
    return session.createDataFrame(rows, "namespace string, viewName string, isTemporary boolean")


def _show_columns(session: Session, match: re.Match[str]) -> DataFrame:
    name = match["name"]
    if match["schema"]:
        name = f"{match['schema']}.{name.rpartition('.')[2]}"
    fields = session.unity.table(session.resolve(name)).fields
    return string_column(session, "col_name", [field["name"] for field in fields])


def _schema(session: Session, match: re.Match[str]) -> str:
    """Return the schema of a statement, or the current one, as the engine reads it."""
    if not match["name"]:
        catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    else:
        catalog, schema = resolve_schema(session, match["name"])
        if schema == INFORMATION_SCHEMA:
            raise UnityCatalogError(
                f"The relations of {INFORMATION_SCHEMA} are not listed on a laptop: query them."
            )
        session.unity.require_schema(catalog, schema)
    return f"`{catalog}`.`{schema}`"


def _like_clause(match: re.Match[str]) -> str:
    return f" LIKE {match['like']}" if match["like"] else ""


STATEMENTS = [
    (statement_pattern(rf"SHOW CATALOGS{LIKE}"), _show_catalogs),
    (statement_pattern(rf"SHOW (?:SCHEMAS|DATABASES|NAMESPACES){IN_SCHEMA}{LIKE}"), _show_schemas),
    (statement_pattern(rf"SHOW TABLES{IN_SCHEMA}{LIKE}"), _show_tables),
    (statement_pattern(rf"SHOW VIEWS{IN_SCHEMA}{LIKE}"), _show_views),
    (
        statement_pattern(
            rf"SHOW COLUMNS (?:IN|FROM) {QUALIFIED_NAME}(?: (?:IN|FROM) (?P<schema>{LEVELS}))?"
        ),
        _show_columns,
    ),
]
