"""Columns of DataFrames that the engine names otherwise than Spark; more names are in ``tests/engine``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession


@pytest.fixture
def table(spark: LocalSparkSession) -> DataFrame:
    frame: DataFrame = spark.createDataFrame([(1, "a"), (2, "b"), (-1, "a")], "a INT, b STRING")
    return frame


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (lambda: F.expr("a IN (1)"), "(a IN (1))"),
        (lambda: F.col("a").cast("double") + 1, "(CAST(a AS DOUBLE) + 1)"),
        (lambda: F.col("t.a").cast("double") + 1, "(CAST(a AS DOUBLE) + 1)"),
        (lambda: F.array_agg("a"), "collect_list(a)"),
        (lambda: F.sum(F.expr("weekday(DATE'2024-01-07')")), "sum(weekday(DATE '2024-01-07'))"),
        (lambda: F.struct(F.col("a").alias("x")), "struct(a AS x)"),
        (lambda: F.explode(F.array("a")), "col"),
        (lambda: F.expr("a IN (1) AS z"), "z"),
        (
            lambda: F.sum("a").over(Window.partitionBy("b").orderBy(F.desc("a")).rowsBetween(-1, 0)),
            "sum(a) OVER (PARTITION BY b ORDER BY a DESC NULLS LAST ROWS BETWEEN -1 FOLLOWING AND CURRENT ROW)",
        ),
    ],
)  # fmt: skip
def test_name(table: DataFrame, column: Callable[[], Column], name: str) -> None:
    assert table.alias("t").select(column()).columns == [name]


def test_a_name_is_used_afterwards(table: DataFrame) -> None:
    grouped = table.groupBy(F.expr("a IN (1)")).agg(F.array_agg("b"), F.expr("-max(a)"))
    assert grouped.columns == ["(a IN (1))", "collect_list(b)", "(- max(a))"]
    rows = grouped.select("`(a IN (1))`", "`(- max(a))`").orderBy("(- max(a))").collect()
    assert [tuple(row) for row in rows] == [(False, -2), (True, -1)]


def test_names_of_pivoted_columns(table: DataFrame) -> None:
    pivoted = table.groupBy().pivot("b", ["a"]).agg(F.array_agg("a"))
    assert pivoted.columns == ["a"]


def test_several_columns_of_one_call(table: DataFrame) -> None:
    frame = table.select(F.posexplode(F.array("a")), F.expr("a <> 1"))
    assert frame.columns == ["pos", "col", "(NOT (a = 1))"]
