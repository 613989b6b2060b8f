"""``ANALYZE TABLE``: the table and the columns are checked; the local engine keeps no statistics of columns.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-analyze-table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.grammar.maintenance import AnalyzeTable, AnalyzeTables
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import require_relation, resolve_schema

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _analyze_table(session: Session, node: AnalyzeTable) -> None:
    name = session.resolve(node.target)
    if not session.unity.exists(name):
        require_relation(session, node.this)
        raise UnityCatalogError(
            "The feature is not supported: The ANALYZE TABLE command does not support views.",
            condition=conditions.UNSUPPORTED_FEATURE_ANALYZE_VIEW,
        )
    names = [field["name"] for field in session.unity.table(name).fields]
    existing = {column.lower() for column in names}
    for column in node.args["columns"]:
        if column.lower() not in existing:
            raise UnityCatalogError(
                f"The column `{column}` cannot be found. Table {name} has: {', '.join(names)}.",
                condition=conditions.COLUMN_NOT_FOUND,
            )


def _analyze_tables(session: Session, node: AnalyzeTables) -> None:
    if node.this:
        session.unity.require_schema(*resolve_schema(session, node.this))


HANDLERS: Handlers = {AnalyzeTable: _analyze_table, AnalyzeTables: _analyze_tables}
