"""CHECK constraints hold for each statement that changes rows.

Sail checks the rows that an INSERT brings, but not those that UPDATE, MERGE or an overwrite makes. These
rows are checked afterwards. Where a row breaks a constraint, a second commit takes the statement's commit
back, and the statement fails as it does on Databricks.

Follows https://docs.databricks.com/aws/en/tables/constraints#enforced-constraints-on-databricks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.char_types import EXCEEDED, varchar_limits
from lakelab.local.catalog.names import TableName, quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.commands import Answer, Command, Proceed
from lakelab.local.spark.row_counts import commit_of
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.steps import rewrite_for_engine
from lakelab.local.sql.session import Session

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException


def enforce_check_constraints(command: Command, proceed: Proceed) -> Answer:
    """Check the rows that UPDATE, DELETE or MERGE leaves in a table.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a row breaks a constraint; the table has the rows that it had before.
    """
    answer = proceed(command)
    change = command.change
    if change and change.rewrites_rows and command.before:
        operation = change.operation or "MERGE"  # DataFrame.mergeInto is no SQL statement
        name = command.table or TableName("", "delta", str(command.folder))
        source = f"delta.{quoted(str(command.folder))}" if command.folder else name.quoted
        table = UnityTable(name, command.before.folder)
        require_checks(command.session, table, source, command.before, operation)
    return answer


def require_checks(
    session: Session, table: UnityTable, source: str, before: LogSnapshot, operation: str
) -> None:
    """Take back what a statement did to a table if a row breaks a CHECK constraint now.

    Parameters
    ----------
    session : Session
    table : UnityTable
        The table. If it is one of Unity Catalog, its lock is held.
    source : str
        The table as SQL text names it.
    before : LogSnapshot
        Its log when the statement began.
    operation : str
        The name of the statement's commit in the history.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a row breaks a constraint; the table has the rows that it had before.
    """
    version = commit_of(before, operation)
    if version is None:
        return
    for check, condition in table.checks.items():
        if row := broken_row(session, source, condition):
            table.revert_commit(version)
            raise violation(check, condition, row)
    for column, limit in varchar_limits(table.fields).items():
        if broken_row(session, source, f"coalesce(char_length({quoted(column)}), 0) <= {limit}"):
            table.revert_commit(version)
            raise too_long(limit)


def violation(check: str, condition: str, row: dict[str, Any] | None) -> AnalysisException:
    """Return the exception of a row that breaks a constraint.

    Examples
    --------
    >>> print(violation("positive", "v > 0", {"v": -1}))
    [DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint positive (v > 0) violated by row with values:
     - v : -1 SQLSTATE: 23001
    """
    values = "".join(f"\n - {column} : {value}" for column, value in (row or {}).items())
    return analysis_error(
        conditions.DELTA_VIOLATE_CONSTRAINT_WITH_VALUES,
        f"CHECK constraint {check} ({condition}) violated by row with values:{values}",
    )


def too_long(limit: int) -> AnalysisException:
    """Return the exception of a text that is too long for its column.

    Examples
    --------
    >>> too_long(3).getCondition()
    'DELTA_EXCEED_CHAR_VARCHAR_LIMIT'
    """
    return analysis_error(
        EXCEEDED,
        f"Value exceeds the char/varchar type length limitation: varchar({limit})",
    )


def broken_row(session: Session, source: str, condition: str) -> dict[str, Any] | None:
    """Find a row that breaks a condition, and return the columns that the condition names.

    A condition that evaluates to null is broken, as in Delta.
    """
    import sqlglot
    from sqlglot import exp

    expression = sqlglot.parse_one(condition, dialect="databricks")
    columns = list(dict.fromkeys(column.name for column in expression.find_all(exp.Column)))
    shown = ", ".join(quoted(column) for column in columns) or "*"
    with session.internal_queries():
        query = f"SELECT {shown} FROM {source} WHERE NOT coalesce(({condition}), false) LIMIT 1"
        rows = session.engine_sql(rewrite_for_engine(session, query)).collect()
    return rows[0].asDict() if rows else None
