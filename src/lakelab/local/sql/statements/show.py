"""``SHOW CATALOGS``, ``SCHEMAS``, ``TABLES``, ``VIEWS`` and ``COLUMNS``, with the columns that Databricks gives.

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
from lakelab.local.sql.securables import (
    is_visible,
    parse_catalog_name,
    resolve_schema,
    resolve_securable,
)
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, STRING, parse_string, statement_pattern

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _catalogs(session: Session, told: re.Match[str]) -> DataFrame:
    seen = [c for c in session.unity.catalogs() if is_visible(session, Securable("catalog", c))]
    return _one_column(session, "catalog", matching(seen, told["like"]))


def _schemas(session: Session, told: re.Match[str]) -> DataFrame:
    catalog = parse_catalog_name(told["name"] or f"`{session.catalog.currentCatalog()}`")
    resolve_securable(session, "CATALOG", f"`{catalog}`")
    found = [
        s
        for s in session.unity.schemas(catalog)
        if is_visible(session, Securable("schema", f"{catalog}.{s}"))
    ]
    if catalog != HIVE_METASTORE:
        found.append(INFORMATION_SCHEMA)
    return _one_column(session, "databaseName", matching(sorted(found), told["like"]))


def _tables(session: Session, told: re.Match[str]) -> DataFrame:
    """Name tables and views as the engine does, of a schema that is there."""
    return session.engine_sql(f"SHOW TABLES IN {_schema(session, told)}{_like(told)}")


def _views(session: Session, told: re.Match[str]) -> DataFrame:
    schema = _schema(session, told)
    found = session.engine_sql(f"SHOW VIEWS IN {schema}{_like(told)}").collect()
    rows = [
        ("" if row["isTemporary"] else row["namespace"][-1], row["tableName"], row["isTemporary"])
        for row in found
    ]
    return session.createDataFrame(rows, "namespace string, viewName string, isTemporary boolean")


def _columns(session: Session, told: re.Match[str]) -> DataFrame:
    name = told["name"]
    if told["schema"]:
        name = f"{told['schema']}.{name.rpartition('.')[2]}"
    full = session.resolve(name)
    names = [f["name"] for f in session.unity.table(full).fields]
    return _one_column(session, "col_name", names)


def _schema(session: Session, told: re.Match[str]) -> str:
    if not told["name"]:
        catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    else:
        catalog, schema = resolve_schema(session, told["name"])
        if schema == INFORMATION_SCHEMA:
            raise UnityCatalogError(
                f"The relations of {INFORMATION_SCHEMA} are not listed on a laptop: query them."
            )
        session.unity.require_schema(catalog, schema)
    return f"`{catalog}`.`{schema}`"


def _one_column(session: Session, column: str, values: list[str]) -> DataFrame:
    return session.createDataFrame([(value,) for value in values], f"{column} string")


def _like(told: re.Match[str]) -> str:
    return f" LIKE {told['like']}" if told["like"] else ""


def matching(names: list[str], like: str | None) -> list[str]:
    """Keep the names that a pattern is of: ``*`` is any text, ``|`` parts alternatives.

    Parameters
    ----------
    names : list of str
    like : str or None
        The pattern as it stands in a statement, in quotes; None keeps all.

    Examples
    --------
    >>> matching(["main", "dev", "prod"], "'m*|DEV'")
    ['main', 'dev']
    """
    if not like:
        return names
    alternatives = [part.strip() for part in parse_string(like).split("|")]
    wanted = re.compile(
        "|".join(f"(?:{part.replace('*', '.*')})" for part in alternatives), re.IGNORECASE
    )
    return [name for name in names if wanted.fullmatch(name)]


OF = rf"(?: (?:IN|FROM) {QUALIFIED_NAME})?"
LIKE = rf"(?:(?: LIKE)? (?P<like>{STRING}))?"
STATEMENTS = [
    (statement_pattern(rf"SHOW CATALOGS{LIKE}"), _catalogs),
    (statement_pattern(rf"SHOW (?:SCHEMAS|DATABASES|NAMESPACES){OF}{LIKE}"), _schemas),
    (statement_pattern(rf"SHOW TABLES{OF}{LIKE}"), _tables),
    (statement_pattern(rf"SHOW VIEWS{OF}{LIKE}"), _views),
    (
        statement_pattern(
            rf"SHOW COLUMNS (?:IN|FROM) {QUALIFIED_NAME}(?: (?:IN|FROM) (?P<schema>{NAME}(?:\.{NAME})*))?"
        ),
        _columns,
    ),
]
