"""Sums are exact, and texts are summed up as DOUBLE."""

from __future__ import annotations

from typing import Any

import pytest

from lakelab.local.spark.session import LocalSparkSession

ROWS = "VALUES (9223372036854775800, '1'), (7, '2.5'), (7, NULL) AS t(b, s)"


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("sum(DISTINCT b)", "bigint", 9223372036854775807),
        ("sum(b) FILTER (WHERE b < 8)", "bigint", 14),
        ("sum(s)", "double", 3.5),
        ("avg(s)", "double", 1.75),
        ("sum(DISTINCT s)", "double", 3.5),
        ("stddev_pop(s)", "double", 0.75),
        ("try_sum(b)", "bigint", None),
    ],
)
def test_values(spark: LocalSparkSession, expression: str, kind: str, value: Any) -> None:
    frame = spark.sql(f"SELECT {expression} AS x FROM {ROWS}")
    assert frame.dtypes == [("x", kind)]
    assert frame.first() == (value,)


def test_windows(spark: LocalSparkSession) -> None:
    query = "SELECT sum(b) OVER (ORDER BY b) AS x, avg(b) OVER () AS y FROM VALUES (1L), (2L) AS t(b) ORDER BY b"
    assert spark.sql(query).collect() == [(1, 1.5), (3, 1.5)]
    assert spark.sql(query).dtypes == [("x", "bigint"), ("y", "double")]
