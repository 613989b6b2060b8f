"""A table for the tests of DataFrame writers, and what it is compared by."""

from __future__ import annotations


def frame(spark, *rows, columns="tailnum string, seats int"):
    """Create a DataFrame of planes."""
    return spark.createDataFrame(rows, columns)


def nullable(spark, name):
    """Return which columns are nullable: the Delta log and the engine must agree."""
    log = {field["name"]: field["nullable"] for field in spark.unity.table(name).fields}
    assert {f.name: f.nullable for f in spark.table(name.quoted).schema} == log
    return log
