"""Expressions of a plan have the same value after they were trees."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from lakelab.local.spark import plan_values
from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    "column",
    [
        F.col("i") + 1 > F.lit(Decimal("1.5")),
        F.lit(Decimal("0.05")),
        F.when(F.col("i") == 1, "a").when(F.col("i") == 2, "b").otherwise(None).alias("w"),
        F.when(F.col("i") == 1, 2.5),
        F.col("i").isin(1, 2) & ~(F.col("i") == 2),
        F.transform(F.array("i"), lambda x, n: x * n),
        F.sum("i").over(Window.partitionBy("i").orderBy("i")),
        F.col("i").cast("string"),
        F.col("i").cast("decimal(10,2)"),
        F.concat(F.lit("a'b"), F.lit("")),
        -F.col("i"),
        F.lit([1, 2]),
        F.lit(2**40),
    ],
    ids=str,
)
def test_same_value(
    spark: LocalSparkSession, monkeypatch: pytest.MonkeyPatch, column: Column
) -> None:
    df = spark.createDataFrame([(1,), (2,)], "i INT")
    expected = df.select(column)
    columns, types, rows = expected.columns, expected.dtypes, expected.collect()
    monkeypatch.setattr(plan_values, "correct_values", lambda tree, types: True)
    result = df.select(column)
    assert (result.columns, result.dtypes, result.collect()) == (columns, types, rows)
