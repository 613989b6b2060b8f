"""``CREATE`` and ``DROP`` of schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-schema,
.../sql-ref-syntax-ddl-create-catalog and .../sql-ref-syntax-ddl-drop-schema
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from lakelab.local.catalog import conditions, service
from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    ApiError,
    NotFoundError,
    UnityCatalogError,
    insufficient_permissions,
)
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.grammar.namespaces import (
    CreateCatalog,
    CreateNamespace,
    CreateSchema,
    DropCatalog,
    DropSchema,
)
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.registered_models import list_models, open_registry
from lakelab.local.sql.securables import (
    parse_catalog_name,
    require_privilege,
    resolve_schema,
    resolve_securable,
)

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _create_schema(session: Session, node: CreateSchema) -> None:
    catalog, schema = resolve_schema(session, node.this)
    _check_clauses(node, "CREATE SCHEMA [IF NOT EXISTS] catalog.schema [COMMENT 'text']")
    session.unity.require_catalog(catalog)
    if schema in session.unity.schemas(catalog):
        if node.args["exists"]:
            return
        raise AlreadyExistsError(
            f"Cannot create schema `{schema}` because it already exists. Choose a different name, drop "
            f"or replace the existing object, or add the IF NOT EXISTS clause to tolerate the "
            f"pre-existing schema.",
            condition=conditions.SCHEMA_ALREADY_EXISTS,
        )
    with _permissions():
        service.create_schema(
            session.unity,
            session.unity.governance,
            session.user,
            catalog,
            schema,
            node.args["comment"],
        )


def _create_catalog(session: Session, node: CreateCatalog) -> None:
    catalog = parse_catalog_name(node.this)
    _check_clauses(node, "CREATE CATALOG [IF NOT EXISTS] catalog [COMMENT 'text']")
    if catalog in session.unity.catalogs():
        if node.args["exists"]:
            return
        raise AlreadyExistsError(
            f"Catalog '{catalog}' already exists. Choose another name, or add IF NOT EXISTS.",
            condition=conditions.CATALOG_ALREADY_EXISTS,
        )
    governance = session.unity.governance
    with _permissions():
        service.create_catalog(
            session.unity, governance, session.user, catalog, node.args["comment"]
        )
        service.create_schema(session.unity, governance, session.user, catalog, "default")
    with suppress(AnalysisException):  # USE CATALOG raises it again if the engine cannot restart
        session.add_catalog(catalog)


def _check_clauses(node: CreateNamespace, syntax: str) -> None:
    """Raise if the statement has a clause that runs on Databricks only."""
    if node.args["other"]:
        raise ParseException(
            message=f"The local engine knows {syntax}, not '{' '.join(node.args['other'].split())}': that "
            f"runs on Databricks only."
        )


def _drop_schema(session: Session, node: DropSchema) -> None:
    catalog, schema = resolve_schema(session, node.this)
    if node.args["exists"] and (
        catalog not in session.unity.catalogs() or schema not in session.unity.schemas(catalog)
    ):
        return
    session.unity.require_schema(catalog, schema)
    has_objects = bool(list_models(session, catalog, schema)) or _has_tables_or_functions(
        session, catalog, schema
    )
    if has_objects and not node.args["cascade"]:
        raise UnityCatalogError(
            f"Cannot drop a schema `{schema}` because it contains objects. Use DROP SCHEMA ... CASCADE "
            f"to drop the schema and all its objects.",
            condition=conditions.SCHEMA_NOT_EMPTY,
        )
    # another notebook may have dropped the schema meanwhile
    with suppress(NotFoundError) if node.args["exists"] else nullcontext(), _permissions():
        service.drop_schema(
            session.unity,
            session.unity.governance,
            open_registry(session),
            session.user,
            Securable("schema", f"{catalog}.{schema}"),
        )


def _has_tables_or_functions(session: Session, catalog: str, schema: str) -> bool:
    tables = session.unity.tables(catalog, schema) or session.unity.views(catalog, schema)
    return bool(tables or Functions(session.unity).names(catalog, schema))


def _drop_catalog(session: Session, node: DropCatalog) -> None:
    catalog = parse_catalog_name(node.this)
    if node.args["exists"] and catalog not in session.unity.catalogs():
        return
    securable = resolve_securable(session, "CATALOG", node.this)
    require_privilege(session, securable)
    if catalog == session.catalog.currentCatalog():
        raise UnityCatalogError(
            f"The current catalog '{catalog}' cannot be dropped: USE CATALOG another one first."
        )
    used = _used_schemas(session, catalog)
    if used and not node.args["cascade"]:
        raise UnityCatalogError(
            f"Catalog '{catalog}' is not empty. The catalog has {len(used)} schema(s): "
            f"{', '.join(used)}. Use DROP CATALOG ... CASCADE to drop the catalog and all its objects.",
            condition=conditions.CATALOG_NOT_EMPTY,
        )
    with _permissions():
        service.drop_catalog(
            session.unity,
            session.unity.governance,
            open_registry(session),
            session.user,
            securable,
        )


@contextmanager
def _permissions() -> Iterator[None]:
    """Raise a missing privilege as SQL statements do."""
    try:
        yield
    except ApiError as error:
        if error.code != "PERMISSION_DENIED":
            raise
        raise insufficient_permissions(error.message) from error


def _used_schemas(session: Session, catalog: str) -> list[str]:
    """Return the schemas of a catalog, without an empty ``default``."""
    return [
        schema
        for schema in session.unity.schemas(catalog)
        if schema != "default"
        or _has_tables_or_functions(session, catalog, schema)
        or list_models(session, catalog, schema)
    ]


HANDLERS: Handlers = {
    CreateSchema: _create_schema,
    CreateCatalog: _create_catalog,
    DropSchema: _drop_schema,
    DropCatalog: _drop_catalog,
}
