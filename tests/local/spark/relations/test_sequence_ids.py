"""Rows are numbered from 0: zipWithIndex and pandas on Spark."""

from __future__ import annotations

import pytest


@pytest.fixture
def frame(spark):
    return spark.createDataFrame(
        [(1, "a", 1.0), (2, "b", 0.0), (3, "a", 5.0)], "id long, g string, x double"
    )


def test_zip_with_index_appends_a_number(frame):
    numbered = frame.zipWithIndex("row")
    assert numbered.columns == ["id", "g", "x", "row"]
    assert [row["row"] for row in numbered.collect()] == [0, 1, 2]
    assert numbered.schema["row"].simpleString() == "row:bigint"


def test_numbers_follow_the_partitions(spark):
    rows = spark.range(0, 1_000, 1, 5).zipWithIndex().collect()
    assert sorted(row["index"] for row in rows) == list(range(1_000))


def test_pandas_on_spark(frame):
    pandas = frame.pandas_api()
    assert pandas.shape == (3, 3)
    assert pandas.head(2).to_pandas()["id"].tolist() == [1, 2]
    assert pandas.groupby("g")["x"].sum().to_pandas().to_dict() == {"a": 6.0, "b": 0.0}
    assert pandas["id"].cumsum().to_pandas().tolist() == [1, 3, 6]
    assert pandas.to_spark().count() == 3


def test_pandas_on_spark_reads_tables(frame, schema):
    import pyspark.pandas as ps

    frame.write.saveAsTable(f"{schema}.read_by_pandas")
    table = ps.read_table(f"{schema}.read_by_pandas").sort_values("id")
    assert table["id"].to_pandas().tolist() == [1, 2, 3]
