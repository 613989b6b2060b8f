"""``TRUNCATE TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-truncate-table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.grammar.maintenance import TruncateTable
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _truncate(session: Session, node: TruncateTable) -> None:
    name = session.resolve(node.target)
    session.unity.require_table(name)
    session.engine_sql(f"DELETE FROM {name.quoted}")


HANDLERS: Handlers = {TruncateTable: _truncate}
