"""``TRUNCATE TABLE`` and ``REFRESH TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-truncate-table and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-cache-refresh-table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.grammar.maintenance import RefreshTable, TruncateTable
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _truncate(session: Session, node: TruncateTable) -> None:
    name = session.resolve(node.target)
    session.unity.require_table(name)
    session.engine_sql(f"DELETE FROM {name.quoted}")


def _refresh(session: Session, node: RefreshTable) -> None:
    """Check that the table exists: the engine caches no tables, so that none is refreshed."""
    session.unity.table(session.resolve(node.target))


HANDLERS: Handlers = {RefreshTable: _refresh, TruncateTable: _truncate}
