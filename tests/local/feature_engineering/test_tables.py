"""Describe, read, drop and tag feature tables."""

from __future__ import annotations

import logging
from datetime import UTC, date, timedelta, timezone
from typing import Any

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient


def test_get_table(fe: Client, spark: LocalSparkSession, schema: str, weather: DataFrame) -> None:
    table = fe.get_table(name="weather")
    assert table.name == f"{schema}.weather"
    assert table.primary_keys == ["origin", "ts"]
    assert table.timestamp_keys == ["ts"]
    assert table.features == ["origin", "ts", "wind", "sky"]
    assert (table.description, table.partition_columns, table.tags) == ("", [], {})
    assert table.creation_timestamp
    spark.sql("COMMENT ON TABLE weather IS 'hourly'")
    assert fe.get_table(name="weather").description == "hourly"
    assert fe.get_table(name="weather").table_id == table.table_id


def test_read_table(fe: Client, weather: DataFrame) -> None:
    assert fe.read_table(name="weather").collect() == weather.collect()
    with pytest.raises(TypeError, match=r"read_table\(\) got unexpected .*'version'"):
        fe.read_table(name="weather", version=0)


def test_read_table_as_of_a_time(fe: Client, spark: LocalSparkSession, planes: DataFrame) -> None:
    history = spark.sql("DESCRIBE HISTORY planes").collect()
    first = next(row["timestamp"] for row in history if row["version"] == 1)
    fe.write_table(
        name="planes", df=spark.createDataFrame([("c", 1)], "tailnum STRING, seats BIGINT")
    )
    history = spark.sql("DESCRIBE HISTORY planes").collect()
    last = max(row["timestamp"] for row in history)
    eastwards = timezone(timedelta(hours=5))
    for then in (first, str(first), first.replace(tzinfo=UTC).astimezone(eastwards)):
        assert fe.read_table(name="planes", as_of_delta_timestamp=then).count() == 2
    assert fe.read_table(name="planes", as_of_delta_timestamp=last).count() == 3
    assert fe.read_table(name="planes", as_of_delta_timestamp=None).count() == 3


@pytest.mark.parametrize(
    ("timestamp", "error"),
    [
        ("2020-01-01", "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION"),
        (date(2020, 1, 1), "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION"),
        ("2100-01-01T00:00:00Z", "DELTA_TIMESTAMP_GREATER_THAN_COMMIT"),
        ("yesterday evening", "DELTA_TIMESTAMP_INVALID"),
        (3, "DELTA_TIMESTAMP_INVALID"),
    ],
)
def test_read_table_at_an_invalid_time_raises(
    fe: Client, planes: DataFrame, timestamp: Any, error: str
) -> None:
    with pytest.raises(AnalysisException, match=error):
        fe.read_table(name="planes", as_of_delta_timestamp=timestamp)


def test_drop_table_removes_the_files(
    fe: Client, spark: LocalSparkSession, weather: DataFrame
) -> None:
    path = spark.unity.path(spark.resolve("weather"))
    fe.drop_table(name="weather")
    assert not path.exists()
    assert not spark.catalog.tableExists("weather")


def test_tags(fe: Client, weather: DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    fe.set_feature_table_tag(name="weather", key="team", value="ml")
    fe.set_feature_table_tag(name="weather", key="pii", value="no")
    fe.set_feature_table_tag(name="weather", key="team", value="ops")
    assert fe.get_table(name="weather").tags == {"team": "ops", "pii": "no"}
    fe.delete_feature_table_tag(name="weather", key="pii")
    assert fe.get_table(name="weather").tags == {"team": "ops"}
    with caplog.at_level(logging.WARNING):
        fe.delete_feature_table_tag(name="weather", key="pii")
    assert "pii" in caplog.text


def test_sql_and_client_see_the_same_tags(
    fe: Client, spark: LocalSparkSession, weather: DataFrame
) -> None:
    spark.sql("ALTER TABLE weather SET TAGS ('source' = 'noaa')")
    fe.set_feature_table_tag(name="weather", key="team", value="ml")
    assert fe.get_table(name="weather").tags == {"source": "noaa", "team": "ml"}


CALLS: dict[str, dict[str, Any]] = {
    "get_table": {},
    "read_table": {},
    "drop_table": {},
    "set_feature_table_tag": {"key": "a", "value": "b"},
    "delete_feature_table_tag": {"key": "a"},
}


@pytest.mark.parametrize("method", CALLS)
def test_an_unknown_table_raises(fe: Client, method: str) -> None:
    with pytest.raises(ValueError, match=r"'main\.\w+\.nope' could not be found"):
        getattr(fe, method)(name="nope", **CALLS[method])


@pytest.mark.parametrize("method", CALLS)
def test_a_table_without_a_key(
    fe: Client, spark: LocalSparkSession, state: Any, method: str
) -> None:
    spark.sql("CREATE TABLE t AS SELECT 1 AS k")
    before = state("t")
    with pytest.raises(ValueError, match="has no primary key"):
        getattr(fe, method)(name="t", **CALLS[method])
    assert state("t") == before


@pytest.mark.parametrize("key", ["", " ", None])
def test_a_tag_needs_a_key(fe: Client, weather: DataFrame, key: Any) -> None:
    with pytest.raises(ValueError, match="tag's key"):
        fe.set_feature_table_tag(name="weather", key=key, value="x")
