"""Collected values have no nulls."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize("function", ["collect_list", "collect_set", "array_agg"])
def test_no_nulls(spark: LocalSparkSession, function: str) -> None:
    rows = "VALUES (1, 'a'), (NULL, 'a'), (NULL, 'b') AS t(x, g)"
    query = f"SELECT g, {function}(x) OVER (PARTITION BY g) AS xs FROM {rows} ORDER BY g"
    assert spark.sql(query).collect() == [("a", [1]), ("a", [1]), ("b", [])]
    query = f"SELECT g, {function}(x) AS xs FROM {rows} GROUP BY g ORDER BY g"
    assert spark.sql(query).collect() == [("a", [1]), ("b", [])]


def test_an_array_with_a_null_may_contain_any_value(spark: LocalSparkSession) -> None:
    rows = "VALUES (array(1, NULL), 1), (array(1, NULL), 2), (array(2), 1), (NULL, 1), (array(1), NULL) AS t(a, x)"
    found = [row[0] for row in spark.sql(f"SELECT array_contains(a, x) FROM {rows}").collect()]
    assert found == [True, None, False, None, None]
    frame = spark.sql(f"SELECT * FROM {rows}").select(F.array_contains("a", 2))
    assert [row[0] for row in frame.collect()] == [None, None, True, None, False]
