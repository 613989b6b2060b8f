"""The Spark session of the client, and feature tables by name."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.errors import PySparkRuntimeError
from pyspark.sql.connect.session import SparkSession

from lakelab.local.feature_engineering.session import (
    active_session,
    entity_keys,
    full_name,
    open_table,
    primary_key,
    spark_schema,
)
from lakelab.local.spark.session import LocalSparkSession


def test_the_active_session_is_the_local_one(spark: LocalSparkSession, schema: str) -> None:
    assert active_session() is SparkSession.active()


def test_without_a_session_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_session() -> Any:
        raise PySparkRuntimeError(errorClass="NO_ACTIVE_OR_DEFAULT_SESSION", messageParameters={})

    monkeypatch.setattr(SparkSession, "active", no_session)
    with pytest.raises(RuntimeError, match="no local Spark session .*start_spark"):
        active_session()


def test_a_short_name_is_resolved_with_the_current_schema(
    spark: LocalSparkSession, schema: str
) -> None:
    assert str(full_name(spark, "planes")) == f"{schema}.planes"
    assert str(full_name(spark, f"{schema}.planes")) == f"{schema}.planes"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (3, "is a string, not 3"),
        ("a.b.c.d", "a.b.c.d"),
        ("hive_metastore.default.planes", "only supports feature tables in Unity Catalog"),
        ("main.nowhere.planes", "nowhere"),
    ],
)
def test_an_invalid_name_raises(spark: LocalSparkSession, name: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        full_name(spark, name)


def test_a_table_with_a_primary_key_is_a_feature_table(
    spark: LocalSparkSession, schema: str
) -> None:
    spark.sql(
        "CREATE TABLE w (origin STRING NOT NULL, ts TIMESTAMP NOT NULL, wind DOUBLE, "
        "CONSTRAINT w_pk PRIMARY KEY (origin, ts TIMESERIES))"
    )
    table = open_table(spark, "w")
    assert primary_key(table).timeseries_column == "ts"
    assert entity_keys(table) == ["origin"]
    assert spark_schema(table).simpleString() == "struct<origin:string,ts:timestamp,wind:double>"
