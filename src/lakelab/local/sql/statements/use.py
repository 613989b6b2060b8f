"""``USE`` and ``SET CATALOG``: the current catalog and schema.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-use-catalog and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-usedb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.grammar.namespaces import UseCatalog, UseSchema
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import parse_catalog_name, resolve_schema

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _use_catalog(session: Session, node: UseCatalog) -> None:
    _set_catalog(session, parse_catalog_name(node.this))


def _use_schema(session: Session, node: UseSchema) -> None:
    catalog, schema = resolve_schema(session, node.this)
    may_be_catalog = len(node.levels) == 1 and not node.args["kind"]
    if (
        may_be_catalog
        and schema not in session.unity.schemas(catalog)
        and schema in session.unity.catalogs()
    ):
        _set_catalog(session, schema)  # as Spark: a schema precedes a catalog of the same name
        return
    session.unity.require_schema(catalog, schema)
    session.add_catalog(catalog)
    session.engine_sql(f"USE CATALOG `{catalog}`")
    session.engine_sql(f"USE SCHEMA `{schema}`")


def _set_catalog(session: Session, catalog: str) -> None:
    session.unity.require_catalog(catalog)
    session.add_catalog(catalog)
    session.engine_sql(f"USE CATALOG `{catalog}`")
    if "default" in session.unity.schemas(catalog):
        # otherwise the engine would keep the current schema of the previous catalog
        session.engine_sql("USE SCHEMA `default`")


HANDLERS: Handlers = {
    UseCatalog: _use_catalog,
    UseSchema: _use_schema,
}
