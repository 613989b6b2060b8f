"""A value that leaves the frame leaves the sum."""

from __future__ import annotations

import math

import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession

ROWS = """(SELECT id, CAST(x AS DOUBLE) AS x, CAST(x AS FLOAT) AS f, CAST(id AS BIGINT) AS n FROM VALUES
    (1, '1.5'), (2, 'NaN'), (3, '2.5'), (4, NULL), (5, NULL), (6, 'Infinity'), (7, '1e20'), (8, '0.25') AS v(id, x))"""
FRAME = "ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"
SUMS = [1.5, math.nan, math.nan, 2.5, None, math.inf, math.inf, 1e20]
MEANS = [1.5, math.nan, math.nan, 2.5, None, math.inf, math.inf, 5e19]


@pytest.mark.parametrize("column", ["x", "f"])
@pytest.mark.parametrize(("name", "values"), [("sum", SUMS), ("avg", MEANS)])
@pytest.mark.parametrize("way", ["SQL", "a named window", "a DataFrame"])
def test_values(
    spark: LocalSparkSession, name: str, values: list[float | None], column: str, way: str
) -> None:
    if way == "a DataFrame":
        window = Window.orderBy("id").rowsBetween(-1, 0)
        frame = spark.sql(f"SELECT * FROM {ROWS}")
        moving = frame.select("id", getattr(F, name)(column).over(window).alias("w"))
    elif way == "SQL":
        moving = spark.sql(f"SELECT id, {name}({column}) OVER ({FRAME}) AS w FROM {ROWS}")
    else:
        moving = spark.sql(
            f"SELECT id, {name}({column}) OVER o AS w FROM {ROWS} WINDOW o AS ({FRAME})"
        )
    assert moving.schema["w"].dataType.simpleString() == "double"
    found = [row.w for row in moving.orderBy("id").collect()]
    assert [value is None for value in found] == [value is None for value in values]
    numbers = [value for value in values if value is not None]
    assert [v for v in found if v is not None] == pytest.approx(numbers, nan_ok=True, rel=1e-6)


@pytest.mark.parametrize(
    "window",
    [
        "",
        "PARTITION BY n",
        "ORDER BY id",
        "ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING",
    ],
)
def test_other_frames_and_types_stay(spark: LocalSparkSession, window: str) -> None:
    frame = spark.sql(f"SELECT id, sum(x) OVER ({window}) AS w FROM {ROWS} ORDER BY id")
    assert frame.schema["w"].dataType.simpleString() == "double"
    whole = spark.sql(f"SELECT sum(n) OVER ({FRAME}) AS w FROM {ROWS} ORDER BY id").collect()
    assert [row.w for row in whole] == [1, 3, 5, 7, 9, 11, 13, 15]
