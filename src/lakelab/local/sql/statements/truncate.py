"""``TRUNCATE TABLE`` and ``REFRESH TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-truncate-table and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-cache-refresh-table
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.sql.grammar.maintenance import RefreshTable
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.text import QUALIFIED_NAME, statement_pattern

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _truncate(session: Session, match: re.Match[str]) -> None:
    name = session.resolve(match["name"])
    session.unity.require_table(name)
    session.engine_sql(f"DELETE FROM {name.quoted}")


def _refresh(session: Session, node: RefreshTable) -> None:
    """Check that the table exists: the engine caches no tables, so that none is refreshed."""
    session.unity.table(session.resolve(node.target))


STATEMENTS = [
    (statement_pattern(rf"TRUNCATE TABLE {QUALIFIED_NAME}"), _truncate),
]
HANDLERS: Handlers = {RefreshTable: _refresh}
