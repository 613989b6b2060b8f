"""The values of the n rows with the largest or smallest y."""

from __future__ import annotations

from lakelab.local.spark.session import LocalSparkSession

ROWS = "VALUES ('a', 10, 1), ('b', 50, 1), ('c', 20, 2), ('d', NULL, 2) AS t(x, y, g)"


def test_first_n(spark: LocalSparkSession) -> None:
    rows = spark.sql(f"SELECT max_by(x, y, 2), min_by(x, y, 9), max_by(x, y) FROM {ROWS}")
    assert rows.columns == ["max_by(x, y, 2)", "min_by(x, y, 9)", "max_by(x, y)"]
    assert rows.collect() == [(["b", "c"], ["a", "c", "b"], "b")]


def test_of_each_group(spark: LocalSparkSession) -> None:
    rows = spark.sql(
        f"SELECT g, max_by(x, y, 1) FILTER (WHERE x <> 'b') AS m FROM {ROWS} GROUP BY g ORDER BY g"
    )
    assert rows.collect() == [(1, ["a"]), (2, ["c"])]
    rows = spark.sql(f"SELECT x, min_by(x, y, 1) OVER (PARTITION BY g) AS m FROM {ROWS} ORDER BY x")
    assert [row.m for row in rows.collect()] == [["a"], ["a"], ["c"], ["c"]]
