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
from lakelab.local.sql.registered_models import drop_models, list_models
from lakelab.local.sql.securables import (
    parse_catalog_name,
    require_privilege,
    resolve_schema,
    resolve_securable,
)
from lakelab.local.sql.text import QUALIFIED_NAME, STRING, parse_string, statement_pattern

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _create_schema(session: Session, match: re.Match[str]) -> None:
    catalog, schema = resolve_schema(session, match["name"])
    comment = _parse_comment(match, "CREATE SCHEMA [IF NOT EXISTS] catalog.schema [COMMENT 'text']")
    session.unity.require_catalog(catalog)
    if schema in session.unity.schemas(catalog):
        if match["exists"]:
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
        securable = Securable("schema", f"{catalog}.{schema}")
        session.unity.governance.update(securable, comment=comment)


def _create_catalog(session: Session, match: re.Match[str]) -> None:
    catalog = parse_catalog_name(match["name"])
    comment = _parse_comment(match, "CREATE CATALOG [IF NOT EXISTS] catalog [COMMENT 'text']")
    if catalog in session.unity.catalogs():
        if match["exists"]:
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
    with suppress(AnalysisException):  # USE CATALOG raises it again if the engine cannot restart
        session.add_catalog(catalog)


def _parse_comment(match: re.Match[str], syntax: str) -> str | None:
    """Return the comment; raise if the statement has a clause that runs on Databricks only."""
    if match["other"]:
        raise ParseException(
            message=f"The local engine knows {syntax}, not '{' '.join(match['other'].split())}': that "
            f"runs on Databricks only."
        )
    return parse_string(match["comment"]) if match["comment"] else None


def _drop_schema(session: Session, match: re.Match[str]) -> None:
    catalog, schema = resolve_schema(session, match["name"])
    if match["exists"] and (
        catalog not in session.unity.catalogs() or schema not in session.unity.schemas(catalog)
    ):
        return
    session.unity.require_schema(catalog, schema)
    models = list_models(session, catalog, schema)
    has_objects = bool(models) or _has_tables_or_functions(session, catalog, schema)
    if has_objects and not match["cascade"]:
        raise UnityCatalogError(
            f"Cannot drop a schema `{schema}` because it contains objects. Use DROP SCHEMA ... CASCADE "
            f"to drop the schema and all its objects.",
            condition="SCHEMA_NOT_EMPTY",
            sql_state="2BP01",
        )
    with suppress(NotFoundError) if match["exists"] else nullcontext():
        # another notebook may have dropped the schema meanwhile
        session.unity.drop_schema(catalog, schema)
    drop_models(session, models)


def _has_tables_or_functions(session: Session, catalog: str, schema: str) -> bool:
    tables = session.unity.tables(catalog, schema)
    return bool(tables or Functions(session.unity).names(catalog, schema))


def _drop_catalog(session: Session, match: re.Match[str]) -> None:
    catalog = parse_catalog_name(match["name"])
    if match["exists"] and catalog not in session.unity.catalogs():
        return
    securable = resolve_securable(session, "CATALOG", match["name"])
    require_privilege(session, securable)
    if catalog == session.catalog.currentCatalog():
        raise UnityCatalogError(
            f"The current catalog '{catalog}' cannot be dropped: USE CATALOG another one first."
        )
    used = _used_schemas(session, catalog)
    if used and not match["cascade"]:
        raise UnityCatalogError(
            f"Catalog '{catalog}' is not empty. The catalog has {len(used)} schema(s): "
            f"{', '.join(used)}. Use DROP CATALOG ... CASCADE to drop the catalog and all its objects.",
            condition="CATALOG_NOT_EMPTY",
        )
    for schema in session.unity.schemas(catalog):
        models = list_models(session, catalog, schema)
        session.unity.drop_schema(catalog, schema)
        drop_models(session, models)
    session.unity.drop_catalog(catalog)
    session.unity.governance.remove(securable)


def _used_schemas(session: Session, catalog: str) -> list[str]:
    """Return the schemas of a catalog, without an empty ``default``."""
    return [
        schema
        for schema in session.unity.schemas(catalog)
        if schema != "default"
        or _has_tables_or_functions(session, catalog, schema)
        or list_models(session, catalog, schema)
    ]


_CLAUSES = rf"(?: COMMENT (?P<comment>{STRING}))?(?P<other> .*?)?"
_CATALOG = r"(?P<name>`[^`]+`|'[^']+'|\w+)"
_SCHEMA = "(?:SCHEMA|DATABASE|NAMESPACE)"
_IF_NOT_EXISTS, _IF_EXISTS = "(?P<exists> IF NOT EXISTS)?", "(?P<exists> IF EXISTS)?"
_CASCADE = r"(?: (?:RESTRICT|(?P<cascade>CASCADE)))?"
STATEMENTS = [
    (
        statement_pattern(rf"CREATE {_SCHEMA}{_IF_NOT_EXISTS} {QUALIFIED_NAME}{_CLAUSES}"),
        _create_schema,
    ),
    (
        statement_pattern(rf"CREATE CATALOG{_IF_NOT_EXISTS} {_CATALOG}{_CLAUSES}"),
        _create_catalog,
    ),
    (
        statement_pattern(rf"DROP {_SCHEMA}{_IF_EXISTS} {QUALIFIED_NAME}{_CASCADE}"),
        _drop_schema,
    ),
    (
        statement_pattern(rf"DROP CATALOG{_IF_EXISTS} {_CATALOG}{_CASCADE}"),
        _drop_catalog,
    ),
]
