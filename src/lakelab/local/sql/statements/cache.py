"""``CACHE TABLE``, ``UNCACHE TABLE``, ``CLEAR CACHE`` and ``REFRESH TABLE``: the local engine caches no tables.

The statements check that the table or view exists. ``CACHE TABLE name AS query`` creates a temporary view, as in Spark.

Follows https://spark.apache.org/docs/latest/sql-ref-syntax-aux-cache-cache-table.html and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-cache-refresh-table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.grammar.maintenance import (
    CacheTable,
    ClearCache,
    RefreshTable,
    UncacheTable,
)
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import require_relation
from lakelab.local.sql.statements.query import prepare_query

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _cache(session: Session, node: CacheTable) -> None:
    if query := node.args["query"]:
        text = prepare_query(session, query)
        session.engine_sql(f"CREATE TEMPORARY VIEW {node.target} AS {text}")
        return
    require_relation(session, node.this)


def _uncache(session: Session, node: UncacheTable) -> None:
    if not node.args["exists"]:
        require_relation(session, node.this)


def _clear(session: Session, node: ClearCache) -> None:
    """Return without doing anything: no table is cached."""


def _refresh(session: Session, node: RefreshTable) -> None:
    require_relation(session, node.this)


HANDLERS: Handlers = {
    CacheTable: _cache,
    ClearCache: _clear,
    RefreshTable: _refresh,
    UncacheTable: _uncache,
}
