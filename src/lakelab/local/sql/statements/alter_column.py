"""``ALTER TABLE ... ALTER COLUMN``: comments, NOT NULL and defaults.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-manage-column
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.errors import PySparkException

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.text import (
    NAME,
    QUALIFIED_NAME,
    STRING,
    parse_string,
    statement_pattern,
    unquote,
)

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.session import Session


def alter_column(session: Session, table: UnityTable, action: exp.AlterColumn) -> bool:
    """Change one column; return whether this module knows the change.

    Parameters
    ----------
    session : Session
    table : UnityTable
    action : sqlglot.exp.AlterColumn

    Raises
    ------
    UnityCatalogError
        If the table does not have the column, or its rows or its key do not allow the change.
    """
    if action.args.get("allow_null") is False:
        table.set_not_null(action.name)
    elif action.args.get("allow_null"):
        _drop_not_null(table, action.name)
    elif comment := action.args.get("comment"):
        table.set_column_comment(action.name, comment.name)
    elif expression := action.args.get("default"):
        _set_default(session, table, action.name, expression.sql("databricks"))
    elif action.args.get("drop"):
        table.set_default(action.name, None)
    else:
        return False
    return True


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
            condition="INVALID_DEFAULT_VALUE.UNRESOLVED_EXPRESSION",
            sql_state="42623",
        ) from error
    table.set_default(column, expression)


def _set_comments(session: Session, match: re.Match[str]) -> None:
    """``ALTER TABLE t ALTER COLUMN a COMMENT '..', b COMMENT '..'``."""
    table = session.unity.table(session.resolve(match["name"]))
    pattern = rf"({NAME})\s+COMMENT\s+({STRING})"
    comments = re.findall(pattern, match["list"], re.IGNORECASE | re.DOTALL)
    for column, _ in comments:
        table.field(unquote(column))  # raises before any comment is set
    for column, text in comments:
        table.set_column_comment(unquote(column), parse_string(text))
    refresh_schema(session, table.name)


STATEMENTS = [
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME} ALTER(?: COLUMN)? "
            rf"(?P<list>{NAME} COMMENT {STRING}(?:\s*, {NAME} COMMENT {STRING})+)".replace(
                ", ", r",\s*"
            )
        ),
        _set_comments,
    ),
]
