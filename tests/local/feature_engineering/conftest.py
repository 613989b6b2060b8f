"""Fixtures of the feature engineering tests: the client, and small feature tables."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame

from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.spark.session import LocalSparkSession

DAY = pd.Timestamp("2024-01-01")


@pytest.fixture
def fe(spark: LocalSparkSession, schema: str) -> FeatureEngineeringClient:
    """The client, in a fresh schema."""
    return FeatureEngineeringClient()


@pytest.fixture
def weather(fe: FeatureEngineeringClient, spark: LocalSparkSession) -> DataFrame:
    """The time series table `weather`: JFK at hours 0 and 2, EWR at hour 1; its DataFrame."""
    df = spark.createDataFrame(
        pd.DataFrame(
            {
                "origin": ["JFK", "JFK", "EWR"],
                "ts": [DAY, DAY + pd.Timedelta(hours=2), DAY + pd.Timedelta(hours=1)],
                "wind": [5.0, None, 9.0],
                "sky": ["clear", "fog", None],
            }
        )
    )
    fe.create_table(name="weather", primary_keys=["origin", "ts"], timeseries_column="ts", df=df)
    return df


@pytest.fixture
def planes(fe: FeatureEngineeringClient, spark: LocalSparkSession) -> DataFrame:
    """The table `planes`: tail numbers a and b; its DataFrame."""
    df = spark.createDataFrame(pd.DataFrame({"tailnum": ["a", "b"], "seats": [100, 200]}))
    fe.create_table(name="planes", primary_keys="tailnum", df=df)
    return df


@pytest.fixture
def flights(spark: LocalSparkSession) -> DataFrame:
    """Four labelled rows, with unknown and null keys."""
    return spark.createDataFrame(
        pd.DataFrame(
            {
                "flight": [1, 2, 3, 4],
                "origin": ["JFK", "JFK", "EWR", None],
                "at": [DAY + pd.Timedelta(hours=h) for h in (1, 2, 0, 1)],
                "tailnum": ["a", "b", "unknown", "a"],
                "late": [0, 1, 0, 1],
            }
        )
    )


def table_state(spark: LocalSparkSession, name: str) -> tuple[Any, ...]:
    """Return the state that a failed call must not change: version, columns, rows, folder."""
    table = spark.unity.table(spark.resolve(name))
    rows = sorted(map(str, table.delta.to_pyarrow_dataset().to_table().to_pylist()))
    return table.version, table.fields, rows, sorted(p.name for p in table.path.iterdir())


@pytest.fixture
def state(spark: LocalSparkSession) -> Any:
    """Return :func:`table_state` for a table name."""
    return lambda name: table_state(spark, name)
