"""Older versions of a table can be read, also of one that has a checkpoint, and several in one query."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException


@pytest.fixture
def counted(spark, schema):
    """A table whose version n has n rows; Delta has written a checkpoint of version 10."""
    spark.sql("CREATE TABLE counted (id INT)")
    for n in range(1, 13):
        spark.sql(f"INSERT INTO counted VALUES ({n})")
    name = spark.resolve("counted")
    assert list(spark.unity.path(name).glob("_delta_log/*010.checkpoint.parquet"))
    return name


def counts(frame) -> list[int]:
    return sorted(row[0] for row in frame.collect())


@pytest.mark.parametrize("versions", [[3], [9, 3], [3, 10], [11, 4], [10, 11, 2]])
def test_versions_before_and_after_a_checkpoint(spark, counted, versions):
    parts = [f"SELECT count(*) FROM counted VERSION AS OF {version}" for version in versions]
    query = " UNION ALL ".join([*parts, "SELECT count(*) FROM counted"])
    assert counts(spark.sql(query)) == sorted([*versions, 12])


def test_an_older_version_beside_the_present_one(spark, counted):
    gone = spark.sql("SELECT id FROM counted EXCEPT SELECT id FROM counted version as of 10")
    assert counts(gone) == [11, 12]
    before = spark.sql("SELECT * FROM counted VERSION AS OF 3")
    spark.sql("INSERT INTO counted VALUES (13)")  # a DataFrame is read when it is asked
    assert spark.table("counted").exceptAll(before).count() == 10


def test_older_versions_by_option_and_by_time(spark, counted):
    path = str(spark.unity.path(counted))
    old = spark.read.format("delta").option("versionAsOf", 2).load(path)
    assert counts(old) == [1, 2]
    when = {r["version"]: r["timestamp"] for r in spark.sql("DESCRIBE HISTORY counted").collect()}
    asked = f"SELECT count(*) FROM counted TIMESTAMP AS OF '{when[5]}'"
    assert counts(spark.sql(asked)) == [5]


def test_a_date_is_its_first_moment(spark, counted):
    def at(day):
        return spark.read.option("timestampAsOf", day).table("counted")

    assert counts(at("2999-12-31")) == list(range(1, 13))
    with pytest.raises(AnalysisException, match="before timestamp 2001-02-03 00:00:00"):
        at("2001-02-03").count()
