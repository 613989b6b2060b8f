"""``DROP TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-table
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException
from sqlglot import exp

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.securables import resolve_table

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _drop_table(session: Session, node: exp.Drop) -> None:
    if node.kind != "TABLE":
        raise RunOnEngine
    name = resolve_table(session, (node.args.get("tables") or [node.this])[0])
    if not session.unity.exists(name):
        try:
            session.engine_sql(to_sql(node))  # the name may be a view, which only the engine has
        except AnalysisException:
            session.unity.require_table(name)  # its message lists the existing tables
            raise
        return
    if_exists = bool(node.args.get("exists"))
    with suppress(NotFoundError) if if_exists else nullcontext():
        session.unity.drop_table(name)  # another notebook may have dropped the table meanwhile


HANDLERS: Handlers = {exp.Drop: _drop_table}
