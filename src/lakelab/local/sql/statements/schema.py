"""``CREATE`` and ``DROP`` of schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-schema,
.../sql-ref-syntax-ddl-create-catalog and .../sql-ref-syntax-ddl-drop-schema
"""

from __future__ import annotations

import re
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.securables import (
    drop_models,
    list_models,
    parse_catalog_name,
    require_privilege,
    resolve_schema,
    resolve_securable,
)
from lakelab.local.sql.text import QUALIFIED_NAME, STRING, parse_string, statement_pattern

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _create_schema(session: Session, told: re.Match[str]) -> None:
    catalog, schema = resolve_schema(session, told["name"])
    comment = _clauses(told, "CREATE SCHEMA [IF NOT EXISTS] catalog.schema [COMMENT 'text']")
    session.unity.require_catalog(catalog)
    if schema in session.unity.schemas(catalog):
        if told["exists"]:
            return
        raise AlreadyExistsError(
            f"Cannot create schema `{schema}` because it already exists. Choose a different name, drop "
            f"or replace the existing object, or add the IF NOT EXISTS clause to tolerate the "
            f"pre-existing schema.",
            condition="SCHEMA_ALREADY_EXISTS",
            sql_state="42P06",
        )
    session.unity.create_schema(catalog, schema)
    if comment:
        session.unity.governance.update(Securable("schema", f"{catalog}.{schema}"), comment=comment)


def _create_catalog(session: Session, told: re.Match[str]) -> None:
    catalog = parse_catalog_name(told["name"])
    comment = _clauses(told, "CREATE CATALOG [IF NOT EXISTS] catalog [COMMENT 'text']")
    if catalog in session.unity.catalogs():
        if told["exists"]:
            return
        raise AlreadyExistsError(
            f"Catalog '{catalog}' already exists. Choose another name, or add IF NOT EXISTS.",
            condition="CATALOG_ALREADY_EXISTS",
            sql_state="42710",
        )
    session.unity.create_catalog(catalog)
    session.unity.create_schema(catalog, "default")
    if comment:
        session.unity.governance.update(Securable("catalog", catalog), comment=comment)
    with suppress(AnalysisException):  # then USE CATALOG says what the engine waits for
        session.add_catalog(catalog)


def _clauses(told: re.Match[str], known: str) -> str | None:
    """Read the comment; other clauses work on Databricks only."""
    if told["other"]:
        raise ParseException(
            message=f"The local engine knows {known}, not '{' '.join(told['other'].split())}': that "
            f"runs on Databricks only."
        )
    return parse_string(told["comment"]) if told["comment"] else None


def _drop_schema(session: Session, told: re.Match[str]) -> None:
    catalog, schema = resolve_schema(session, told["name"])
    if told["exists"] and (
        catalog not in session.unity.catalogs() or schema not in session.unity.schemas(catalog)
    ):
        return
    session.unity.require_schema(catalog, schema)
    models = list_models(session, catalog, schema)
    if (models or _has_more(session, catalog, schema)) and not told["cascade"]:
        raise UnityCatalogError(
            f"Cannot drop a schema `{schema}` because it contains objects. Use DROP SCHEMA ... CASCADE "
            f"to drop the schema and all its objects.",
            condition="SCHEMA_NOT_EMPTY",
            sql_state="2BP01",
        )
    with suppress(NotFoundError) if told["exists"] else nullcontext():
        session.unity.drop_schema(catalog, schema)  # another notebook may be first
    drop_models(session, models)


def _has_more(session: Session, catalog: str, schema: str) -> bool:
    """Say whether a schema has tables or functions."""
    tables = session.unity.tables(catalog, schema)
    return bool(tables or Functions(session.unity).names(catalog, schema))


def _drop_catalog(session: Session, told: re.Match[str]) -> None:
    catalog = parse_catalog_name(told["name"])
    if told["exists"] and catalog not in session.unity.catalogs():
        return
    securable = resolve_securable(session, "CATALOG", told["name"])
    require_privilege(session, securable)
    if catalog == session.catalog.currentCatalog():
        raise UnityCatalogError(
            f"The current catalog '{catalog}' cannot be dropped: USE CATALOG another one first."
        )
    schemas = session.unity.schemas(catalog)
    used = [
        s
        for s in schemas
        if s != "default" or _has_more(session, catalog, s) or list_models(session, catalog, s)
    ]
    if used and not told["cascade"]:
        raise UnityCatalogError(
            f"Catalog '{catalog}' is not empty. The catalog has {len(used)} schema(s): "
            f"{', '.join(used)}. Use DROP CATALOG ... CASCADE to drop the catalog and all its objects.",
            condition="CATALOG_NOT_EMPTY",
        )
    for schema in schemas:
        models = list_models(session, catalog, schema)
        session.unity.drop_schema(catalog, schema)
        drop_models(session, models)
    session.unity.drop_catalog(catalog)
    session.unity.governance.remove(securable)


_CLAUSES = rf"(?: COMMENT (?P<comment>{STRING}))?(?P<other> .*?)?"
_DROP = r"DROP {kind}(?P<exists> IF EXISTS)? {name}(?: (?:RESTRICT|(?P<cascade>CASCADE)))?"
STATEMENTS = [
    (
        statement_pattern(
            rf"CREATE (?:SCHEMA|DATABASE|NAMESPACE)(?P<exists> IF NOT EXISTS)? {QUALIFIED_NAME}{_CLAUSES}"
        ),
        _create_schema,
    ),
    (
        statement_pattern(
            rf"CREATE CATALOG(?P<exists> IF NOT EXISTS)? (?P<name>`[^`]+`|'[^']+'|\w+){_CLAUSES}"
        ),
        _create_catalog,
    ),
    (
        statement_pattern(_DROP.format(kind="(?:SCHEMA|DATABASE|NAMESPACE)", name=QUALIFIED_NAME)),
        _drop_schema,
    ),
    (
        statement_pattern(_DROP.format(kind="CATALOG", name=r"(?P<name>`[^`]+`|'[^']+'|\w+)")),
        _drop_catalog,
    ),
]
