"""``DROP TABLE``, and ``DROP VIEW``, whose tree has the same node.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-table
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.securables import resolve_table
from lakelab.local.sql.statements.view import drop_view

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _drop_table(session: Session, node: exp.Drop) -> None:
    if node.kind == "VIEW":
        drop_view(session, node)
        return
    if node.kind != "TABLE":
        raise RunOnEngine
    name = resolve_table(session, (node.args.get("tables") or [node.this])[0])
    if session.unity.is_view(name):
        raise UnityCatalogError(
            f"The operation DROP TABLE requires a EXTERNAL or MANAGED. But {name} is a VIEW. Use DROP VIEW "
            f"instead.",
            condition=conditions.WRONG_COMMAND_FOR_OBJECT_TYPE,
        )
    if not session.unity.exists(name):
        try:
            session.engine_sql(to_sql(node))  # the name may be a view, which only the engine has
        except AnalysisException:
            session.unity.require_table(name)  # its message lists the existing tables
            raise
        return
    if_exists = bool(node.args.get("exists"))
    with suppress(NotFoundError) if if_exists else nullcontext():
        catalog_service(session).drop_table(
            name
        )  # another notebook may have dropped the table meanwhile


HANDLERS: Handlers = {exp.Drop: _drop_table}
