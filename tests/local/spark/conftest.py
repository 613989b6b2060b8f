"""Fixtures of the tests of the Spark session."""

from __future__ import annotations

import pytest


@pytest.fixture
def planes(spark, schema):
    """The name of a table with a primary key, a comment and one row."""
    spark.sql(
        "CREATE TABLE planes (tailnum STRING NOT NULL, seats INT, PRIMARY KEY (tailnum)) COMMENT 'ours'"
    )
    spark.sql("INSERT INTO planes VALUES ('N1', 2)")
    return spark.unity.table(spark.resolve("planes")).name
