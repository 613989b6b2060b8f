"""Percentiles that are values of the column."""

from __future__ import annotations

from lakelab.local.spark.session import LocalSparkSession

ROWS = "VALUES (0), (1), (2), (10), (NULL) AS t(c)"


def test_value_of_the_column(spark: LocalSparkSession) -> None:
    rows = spark.sql(
        f"SELECT percentile_approx(c, 0.5), approx_percentile(c, array(0.0, 0.25, 0.26, 1.0), 100) FROM {ROWS}"
    )
    assert rows.collect() == [(1, [0, 0, 1, 10])]
    assert [field.dataType.simpleString() for field in rows.schema] == ["int", "array<int>"]
    assert rows.columns[0] == "percentile_approx(c, 0.5, 10000)"


def test_filter_and_window(spark: LocalSparkSession) -> None:
    rows = spark.sql(
        f"SELECT percentile_approx(c, 0.5) FILTER (WHERE c > 0) AS x, "
        f"percentile_approx(DISTINCT c % 2, 0.9) AS y FROM {ROWS}"
    )
    assert rows.collect() == [(2, 1)]
    rows = spark.sql(f"SELECT percentile_approx(c, 0.5) OVER (PARTITION BY c > 1) AS x FROM {ROWS}")
    assert sorted(row.x for row in rows.collect() if row.x is not None) == [0, 0, 2, 2]


def test_no_value(spark: LocalSparkSession) -> None:
    rows = spark.sql(
        f"SELECT percentile_approx(c, 0.5), percentile_approx(c, array(0.5)) FROM {ROWS} WHERE c > 99"
    )
    assert rows.collect() == [(None, None)]
