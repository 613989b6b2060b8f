"""``@feature_table``: a function that computes features and writes them."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame

from lakelab.local.feature_store import FeatureStoreClient
from lakelab.local.notebook.import_names import answer_official_names
from lakelab.local.spark.session import LocalSparkSession


@pytest.fixture
def fs(spark: LocalSparkSession, schema: str) -> FeatureStoreClient:
    """The legacy client, in a fresh schema."""
    return FeatureStoreClient()


@pytest.fixture
def planes(fs: FeatureStoreClient, spark: LocalSparkSession) -> DataFrame:
    """The table `planes`; its DataFrame."""
    df = spark.createDataFrame([("a", 100), ("b", 200)], "tailnum STRING, seats BIGINT")
    fs.create_table("planes", "tailnum", df, description="fleet", tags={"team": "ml"})
    return df


def rows(df: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in df.collect())


def test_feature_table_writes_what_a_function_computes(
    fs: FeatureStoreClient, spark: LocalSparkSession, planes: DataFrame
) -> None:
    answer_official_names()
    from databricks.feature_store import feature_table

    @feature_table
    def doubled(data: DataFrame, factor: int = 2) -> DataFrame:
        """Seats by a factor."""
        return data.selectExpr("tailnum", f"seats * {factor} AS seats")

    assert (doubled.__name__, doubled.__doc__) == ("doubled", "Seats by a factor.")
    assert rows(doubled(planes)) == [("a", 200), ("b", 400)]
    doubled.compute_and_write({"data": planes, "factor": 3}, "planes")
    assert rows(fs.read_table("planes")) == [("a", 300), ("b", 600)]
    given = doubled.compute_and_write(planes.limit(1), "planes", mode="overwrite")
    assert rows(fs.read_table("planes")) == rows(given) == [("a", 200)]
    with pytest.raises(NotImplementedError, match="Databricks workspace only"):
        doubled.compute_and_write_streaming(planes, "planes")
