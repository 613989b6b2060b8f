"""A training set: the versions that it reads, and the DataFrame of ``load_df``."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame

from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureLookup,
)
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient


def load(fe: Client, df: DataFrame, *lookups: FeatureLookup, **options: Any) -> DataFrame:
    options = {"label": "late", **options}
    return fe.create_training_set(df=df, feature_lookups=list(lookups), **options).load_df()


def values(df: DataFrame, column: str) -> list[Any]:
    return [row[column] for row in df.collect()]


def test_the_tables_are_read_at_the_version_of_the_creation(
    fe: Client, spark: LocalSparkSession, planes: DataFrame, flights: DataFrame
) -> None:
    made = fe.create_training_set(
        df=flights, feature_lookups=[FeatureLookup("planes", "tailnum")], label="late"
    )
    fe.write_table(
        name="planes", df=spark.createDataFrame([("a", 999)], "tailnum STRING, seats BIGINT")
    )
    assert values(made.load_df(), "seats") == [100, 200, None, 100]
    assert made.feature_spec.tables[0].version == 1
    fe.drop_table(name="planes")
    with pytest.raises(ValueError, match="was dropped since"):
        made.load_df()


def test_the_dataframe_supports_further_transformations(
    fe: Client, planes: DataFrame, flights: DataFrame
) -> None:
    df = load(fe, flights, FeatureLookup("planes", "tailnum"))
    assert df.filter("seats > 150").select("flight").collect() == [(2,)]
    assert df.count() == df.count() == 4
