"""``ALTER TABLE ... ALTER COLUMN``: comments, NOT NULL and defaults.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-manage-column
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.grammar.tables import AlterColumns, ColumnChange
from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.securables import refresh_schema

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _alter_columns(session: Session, node: AlterColumns) -> None:
    table = session.unity.table(session.resolve(node.target))
    changes: list[ColumnChange] = node.args["changes"]
    for change in changes:
        table.field(_column(change))  # raises before any column is changed
    for change in changes:
        _change(session, table, _column(change), change.args["action"], change.args.get("value"))
    refresh_schema(session, table.name)


def _column(change: ColumnChange) -> str:
    return ".".join(change.this.levels)


def _change(session: Session, table: UnityTable, column: str, action: str, value: Any) -> None:
    if action == "SET NOT NULL":
        table.set_not_null(column)
    elif action == "DROP NOT NULL":
        _drop_not_null(table, column)
    elif action == "COMMENT":
        table.set_column_comment(column, value)
    elif action == "SET DEFAULT":
        _set_default(session, table, column, value)
    elif action == "DROP DEFAULT":
        table.set_default(column, None)
    else:
        raise RunOnEngine  # it refuses TYPE, FIRST and AFTER


def _drop_not_null(table: UnityTable, name: str) -> None:
    column = table.field(name)["name"]
    key = table.primary_key
    if key is not None and column in key.columns:
        raise UnityCatalogError(
            f"Column `{column}` of table '{table.name}' stays NOT NULL: the primary key "
            f"`{key.name}` has it. Drop the key first: ALTER TABLE {table.name} DROP CONSTRAINT "
            f"{key.name}."
        )
    table.drop_not_null(column)


def _set_default(session: Session, table: UnityTable, column: str, expression: str) -> None:
    """Set the default of a column, after a check that it has the column's type and names no column."""
    kind = sql_type(table.field(column)["type"])
    try:
        session.engine_sql(f"SELECT CAST(({expression}) AS {kind})").collect()
    except PySparkException as error:
        raise UnityCatalogError(
            f"Failed to execute ALTER TABLE command because the destination column `{column}` with type "
            f"{kind.upper()} has a DEFAULT value {expression}, which gives no value of that type: {error}",
            condition=conditions.INVALID_DEFAULT_VALUE_UNRESOLVED_EXPRESSION,
        ) from error
    table.set_default(column, expression)


HANDLERS: Handlers = {AlterColumns: _alter_columns}
