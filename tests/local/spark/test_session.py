"""The engine's catalog is the folder tree, for all processes."""

from __future__ import annotations

from pyspark.sql import SparkSession


def test_the_session_is_the_one_that_spark_gives_everybody(spark):
    assert SparkSession.builder.getOrCreate() is spark
    assert SparkSession.getActiveSession() is spark


def test_four_catalogs(spark):
    catalogs = {row[0] for row in spark.sql("SHOW CATALOGS").collect()}
    assert catalogs >= {"main", "dev", "staging", "prod"}


def test_timestamps_are_utc_whatever_the_zone_of_the_laptop(spark):
    row = spark.sql("SELECT TIMESTAMP '2013-01-01 10:00:00' AS ts").collect()[0]
    assert f"{row['ts']}" == "2013-01-01 10:00:00"
