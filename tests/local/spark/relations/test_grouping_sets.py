"""groupingSets with grouping columns; values of real Spark."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F


@pytest.fixture
def frame(spark):
    return spark.createDataFrame(
        [("x", "a", 1), ("x", "b", 2), ("y", "a", 4)], "city string, car string, n int"
    )


def test_sets_and_columns(frame):
    grouped = frame.groupingSets([("city", "car"), ("city",), ()], "city", "car").agg(F.sum("n"))
    assert grouped.columns == ["city", "car", "sum(n)"]
    assert {tuple(row) for row in grouped.collect()} == {
        ("x", "a", 1), ("x", "b", 2), ("y", "a", 4), ("x", None, 3), ("y", None, 4), (None, None, 7),
    }  # fmt: skip


def test_columns_in_another_order_are_refused(frame):
    grouped = frame.groupingSets([("car",), ("city",)], "city", "car").agg(F.sum("n"))
    with pytest.raises(AnalysisException) as refused:
        grouped.collect()
    assert refused.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"
