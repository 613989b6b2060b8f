"""CHECK constraints hold whatever statement changes rows.

Sail looks at the rows that an INSERT brings, and not at those that UPDATE, MERGE or an overwrite make. So
these are looked at afterwards; where a row breaks a constraint, the statement's commit is taken back by
another one, and the statement fails as it does on Databricks.

Follows https://docs.databricks.com/aws/en/tables/constraints#enforced-constraints-on-databricks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.row_counts import commit_of
from lakelab.local.sql.errors import refusal

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException

    from lakelab.local.catalog.names import TableName
    from lakelab.local.spark.session import LocalSparkSession


def require_checks(
    session: LocalSparkSession, name: TableName, before: LogSnapshot, operation: str
) -> None:
    """Take back what a statement did to a table if a row breaks a CHECK constraint now.

    Parameters
    ----------
    session : LocalSparkSession
    name : TableName
        The table, whose lock is held.
    before : LogSnapshot
        Its log when the statement began.
    operation : str
        What the history calls the statement's commit.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a row breaks one; the table has the rows that it had before.
    """
    version = commit_of(before, operation)
    if version is None:
        return
    table = UnityTable(name, session.unity.path(name))
    for check, condition in table.checks.items():
        if row := broken_row(session, name, condition):
            table.revert_commit(version)
            raise violation(check, condition, row)


def violation(check: str, condition: str, row: dict[str, Any] | None) -> AnalysisException:
    """Say that a row breaks a constraint.

    Examples
    --------
    >>> print(violation("positive", "v > 0", {"v": -1}))
    [DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint positive (v > 0) violated by row with values:
     - v : -1 SQLSTATE: 23001
    """
    values = "".join(f"\n - {column} : {value}" for column, value in (row or {}).items())
    return refusal(
        "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES",
        f"CHECK constraint {check} ({condition}) violated by row with values:{values}",
        "23001",
    )


def broken_row(
    session: LocalSparkSession, name: TableName, condition: str
) -> dict[str, Any] | None:
    """Find a row that a condition does not hold for, and give the columns that it is about.

    A condition that gives null does not hold, as in Delta.
    """
    import sqlglot
    from sqlglot import exp

    told = sqlglot.parse_one(condition, dialect="databricks")
    columns = list(dict.fromkeys(column.name for column in told.find_all(exp.Column)))
    shown = ", ".join(quoted(column) for column in columns) or "*"
    with session.internal_queries():
        rows = session.engine_sql(
            f"SELECT {shown} FROM {name.quoted} WHERE NOT coalesce(({condition}), false) LIMIT 1"
        ).collect()
    return rows[0].asDict() if rows else None
