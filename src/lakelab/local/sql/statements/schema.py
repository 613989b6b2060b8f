"""``CREATE`` and ``DROP`` of schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-schema,
.../sql-ref-syntax-ddl-create-catalog and .../sql-ref-syntax-ddl-drop-schema
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.grammar.namespaces import (
    CreateCatalog,
    CreateNamespace,
    CreateSchema,
    DropCatalog,
    DropSchema,
)
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import parse_catalog_name, resolve_schema, resolve_securable

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _create_schema(session: Session, node: CreateSchema) -> None:
    catalog, schema = resolve_schema(session, node.this)
    _check_clauses(node, "CREATE SCHEMA [IF NOT EXISTS] catalog.schema [COMMENT 'text']")
    service, comment = catalog_service(session), node.args["comment"]
    service.create_schema(catalog, schema, comment, if_not_exists=bool(node.args["exists"]))


def _create_catalog(session: Session, node: CreateCatalog) -> None:
    catalog = parse_catalog_name(node.this)
    _check_clauses(node, "CREATE CATALOG [IF NOT EXISTS] catalog [COMMENT 'text']")
    service, comment = catalog_service(session), node.args["comment"]
    if service.create_catalog(catalog, comment, if_not_exists=bool(node.args["exists"])):
        with suppress(
            AnalysisException
        ):  # USE CATALOG raises it again if the engine cannot restart
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
    service = catalog_service(session)
    if node.args["exists"] and not service.exists(Securable("schema", f"{catalog}.{schema}")):
        return
    # another notebook may drop the schema meanwhile
    with suppress(NotFoundError) if node.args["exists"] else nullcontext():
        service.drop_schema(catalog, schema, cascade=bool(node.args["cascade"]))


def _drop_catalog(session: Session, node: DropCatalog) -> None:
    catalog = parse_catalog_name(node.this)
    service = catalog_service(session)
    if node.args["exists"] and not service.exists(Securable("catalog", catalog)):
        return
    if service.owned(resolve_securable(session, "CATALOG", node.this)) and (
        catalog == session.catalog.currentCatalog()
    ):
        raise UnityCatalogError(
            f"The current catalog '{catalog}' cannot be dropped: USE CATALOG another one first."
        )
    service.drop_catalog(catalog, cascade=bool(node.args["cascade"]))


HANDLERS: Handlers = {
    CreateSchema: _create_schema,
    CreateCatalog: _create_catalog,
    DropSchema: _drop_schema,
    DropCatalog: _drop_catalog,
}
