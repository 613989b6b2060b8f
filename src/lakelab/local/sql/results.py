"""Results of statements, as DataFrames.

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def empty_result(session: Session) -> DataFrame:
    """Return the result of a statement that returns no columns."""
    return session.createDataFrame([], "result string").drop("result")


def string_column(session: Session, column: str, values: Iterable[str]) -> DataFrame:
    """Return a result of one string column.

    Parameters
    ----------
    session : Session
    column : str
        The name of the column.
    values : iterable of str
        One value for each row.
    """
    return session.createDataFrame([(value,) for value in values], f"{column} string")
