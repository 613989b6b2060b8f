"""Calls that differ by a cast only have values of their own."""

from __future__ import annotations

import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession

ROWS = "VALUES (7, 1.75D), (8, 2.25D) AS v(id, x)"


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("max(x) OVER (ORDER BY id), max(CAST(x AS INT)) OVER (ORDER BY id)", (2.25, 2)),
        ("max(CAST(x AS INT)) OVER (ORDER BY id), max(x) OVER (ORDER BY id)", (2, 2.25)),
        (
            "max(CAST(x AS STRING)) OVER (ORDER BY id), max(CAST(x AS INT)) OVER (ORDER BY id), "
            "max(x) OVER (ORDER BY id)",
            ("2.25", 2, 2.25),
        ),
        ("lag(x) OVER (ORDER BY id), lag(CAST(x AS INT)) OVER (ORDER BY id)", (1.75, 1)),
        ("sum(x) OVER (ORDER BY id) + 0, sum(CAST(x AS INT)) OVER (ORDER BY id) + 0", (4.0, 3)),
    ],
)
def test_windows(spark: LocalSparkSession, columns: str, values: tuple[object, ...]) -> None:
    frame = spark.sql(f"SELECT {columns}, id FROM {ROWS} ORDER BY id")
    assert tuple(frame.collect()[-1])[:-1] == values


def test_aggregates(spark: LocalSparkSession) -> None:
    query = f"SELECT max(x), max(CAST(x AS INT)), max(CAST(x AS STRING)) FROM {ROWS}"
    frame = spark.sql(query)
    assert frame.columns == ["max(x)", "max(CAST(x AS INT))", "max(CAST(x AS STRING))"]
    assert tuple(frame.first()) == (2.25, 2, "2.25")
    having = f"SELECT max(x) AS a FROM {ROWS} HAVING max(CAST(x AS INT)) = 2"
    assert spark.sql(having).collect() == [(2.25,)]


def test_dataframes(spark: LocalSparkSession) -> None:
    frame = spark.sql(f"SELECT * FROM {ROWS}")
    by_id = Window.orderBy("id")
    as_int = F.col("x").cast("int")
    moving = frame.select("id", F.max("x").over(by_id), F.max(as_int).over(by_id))
    assert tuple(moving.orderBy("id").collect()[-1]) == (8, 2.25, 2)
    assert tuple(frame.select(F.max("x"), F.max(as_int)).first()) == (2.25, 2)
    assert tuple(frame.agg(F.sum("x"), F.sum(as_int), F.sum(F.col("x").cast("float"))).first()) == (
        4.0,
        3,
        4.0,
    )


def test_equal_calls_stay_equal(spark: LocalSparkSession) -> None:
    query = f"SELECT sum(CAST(x AS INT)) AS a, sum(CAST(x AS INT)) + 1 AS b FROM {ROWS}"
    assert spark.sql(query).collect() == [(3, 4)]
