"""Create and mend the tables of the course: write only those that are missing or differ.

Tested in ``tests/lessons/prepare/test_needs.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from lakelab.lessons.prepare.lesson_schema import LessonSchema

if TYPE_CHECKING:
    from databricks.feature_engineering import FeatureEngineeringClient

Content = Callable[[], pd.DataFrame]
"""Computes the rows that a table must have. It is called only if they are needed."""


def prepare_table(target: LessonSchema, table: str, content: Content) -> None:
    """Bring a plain table to its content, unless it has that content already.

    Parameters
    ----------
    target : LessonSchema
    table : str
        Name in the schema.
    content : callable
        Returns the rows as a pandas DataFrame.
    """

    def is_correct(rows: pd.DataFrame) -> bool:
        return _has_content(target, table, rows)

    def write(rows: pd.DataFrame) -> None:
        frame = target.spark.createDataFrame(rows)
        frame.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable(
            target.name(table)
        )

    _prepare(target, table, content, is_correct, write)


def prepare_feature_table(
    target: LessonSchema,
    fe: FeatureEngineeringClient,
    table: str,
    keys: list[str],
    content: Content,
    description: str,
) -> None:
    """Bring a feature table to its content and primary key, unless it has both already.

    Parameters
    ----------
    target : LessonSchema
    fe : FeatureEngineeringClient
    table : str
        Name in the schema.
    keys : list of str
        The primary key. A column `ts` in it is the time series column.
    content : callable
        Returns the rows as a pandas DataFrame.
    description : str
        The table's comment.
    """
    name = target.name(table)

    def is_correct(rows: pd.DataFrame) -> bool:
        return _has_content(target, table, rows) and _has_keys(fe, name, keys)

    def write(rows: pd.DataFrame) -> None:
        target.spark.sql(f"DROP TABLE IF EXISTS {name}")
        fe.create_table(
            name=name,
            primary_keys=keys,
            timeseries_column="ts" if "ts" in keys else None,
            df=target.spark.createDataFrame(rows),
            description=description,
        )

    _prepare(target, table, content, is_correct, write)


def _prepare(
    target: LessonSchema,
    table: str,
    content: Content,
    is_correct: Callable[[pd.DataFrame], bool],
    write: Callable[[pd.DataFrame], None],
) -> None:
    """Write a table, unless the record or a comparison of its rows shows that it is correct."""
    name, prepared_tables = target.name(table), target.prepared_tables
    if prepared_tables.is_correct(target.spark, name):
        return
    rows = content()
    exists = target.spark.catalog.tableExists(name)
    # read before the comparison: a write that happens meanwhile must not be recorded as correct
    state = prepared_tables.state(target.spark, name) if exists else None
    if not (exists and is_correct(rows)):
        write(rows)
        state = prepared_tables.state(target.spark, name)
    prepared_tables.record(name, state)


def _has_keys(fe: FeatureEngineeringClient, name: str, keys: list[str]) -> bool:
    try:
        return bool(fe.get_table(name=name).primary_keys == keys)
    except ValueError:  # a table without a primary key
        return False


def _has_content(target: LessonSchema, table: str, rows: pd.DataFrame) -> bool:
    """Return whether a table has these columns, this number of rows, and these sums of its numbers."""
    name = target.name(table)
    frame = target.spark.table(name)
    if frame.columns != rows.columns.tolist():
        return False
    numbers = rows.select_dtypes("number").columns
    sums = ", ".join(f"sum(CAST(`{column}` AS DOUBLE))" for column in numbers)
    actual = target.spark.sql(f"SELECT count(*), {sums} FROM {name}").collect()[0]
    expected = [len(rows), *rows[numbers].astype("float64").sum()]
    return all(
        abs(one - float(other or 0)) <= 1e-6 * max(1.0, abs(one))
        for one, other in zip(expected, actual, strict=True)
    )
