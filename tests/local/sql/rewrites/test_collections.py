"""Collected values have no nulls."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize("function", ["collect_list", "collect_set", "array_agg"])
def test_no_nulls(spark: LocalSparkSession, function: str) -> None:
    rows = "VALUES (1, 'a'), (NULL, 'a'), (NULL, 'b') AS t(x, g)"
    query = f"SELECT g, {function}(x) OVER (PARTITION BY g) AS xs FROM {rows} ORDER BY g"
    assert spark.sql(query).collect() == [("a", [1]), ("a", [1]), ("b", [])]
    query = f"SELECT g, {function}(x) AS xs FROM {rows} GROUP BY g ORDER BY g"
    assert spark.sql(query).collect() == [("a", [1]), ("b", [])]
