"""Errors of statements: the exceptions of Spark and Delta."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException


def test_conflict_has_the_condition_of_delta(spark, fresh_schema, monkeypatch):
    opened = spark.unity.table(spark.resolve("t"))
    monkeypatch.setattr(spark.unity, "table", lambda name, version=None: opened)
    spark.sql("DELETE FROM t WHERE id = 1")  # the open table is now out of date
    with pytest.raises(PySparkException, match="Please try the operation again") as refused:
        spark.sql("OPTIMIZE t")
    assert refused.value.getCondition() == "DELTA_CONCURRENT_DELETE_READ"
    assert refused.value.getSqlState() == "2D521"
