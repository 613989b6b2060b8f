"""Set operations of DataFrames have the common types of both sides."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from lakelab.local.spark.session import LocalSparkSession


@pytest.fixture
def frames(spark: LocalSparkSession) -> tuple[DataFrame, DataFrame]:
    left = spark.createDataFrame([(1, "a")], "id BIGINT, g STRING")
    return left, spark.createDataFrame([(Decimal("2.50"), 7)], "id DECIMAL(5, 2), x INT")


def test_by_position(frames: tuple[DataFrame, DataFrame]) -> None:
    left, right = frames
    union = left.union(right)
    assert union.dtypes == [("id", "decimal(22,2)"), ("g", "bigint")]
    both = left.select("id").union(right.select("id")).union(left.select("id"))
    assert both.dtypes == [("id", "decimal(22,2)")]
    assert sorted(both.collect()) == [(Decimal("1"),), (Decimal("1"),), (Decimal("2.5"),)]
    assert left.select("id", "id").union(right.select("id", "x")).columns == ["id", "id"]


def test_by_name(frames: tuple[DataFrame, DataFrame]) -> None:
    left, right = frames
    union = left.unionByName(right, allowMissingColumns=True)
    assert union.dtypes == [("id", "decimal(22,2)"), ("g", "string"), ("x", "int")]
    assert sorted(union.collect()) == [
        (Decimal("1.00"), "a", None),
        (Decimal("2.50"), None, 7),
    ]
    assert left.unionByName(left.select("g", "id")).collect() == [(1, "a"), (1, "a")]
    with pytest.raises(AnalysisException):
        left.unionByName(right).collect()


def test_other_operations(frames: tuple[DataFrame, DataFrame]) -> None:
    left, right = (frame.select("id") for frame in frames)
    assert left.subtract(right).dtypes == [("id", "decimal(22,2)")]
    assert left.intersect(left.selectExpr("id + 0.0D")).collect() == [(1.0,)]


def test_refused(spark: LocalSparkSession) -> None:
    frame = spark.range(1)
    with pytest.raises(AnalysisException) as refused:
        frame.union(frame.selectExpr("true")).collect()
    assert refused.value.getCondition() == "INCOMPATIBLE_COLUMN_TYPE"
