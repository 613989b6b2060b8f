"""Timestamps in the texts of to_json."""

from __future__ import annotations

from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar

TIME = "TIMESTAMP'2024-01-02 03:04:05.123456'"


def test_milliseconds(spark: LocalSparkSession) -> None:
    text = '{"t":"2024-01-02T03:04:05.123Z"}'
    assert scalar(spark, f"to_json(named_struct('t', {TIME}))") == text
    frame = spark.sql(f"SELECT {TIME} AS t")
    assert frame.select(F.to_json(F.struct("t"))).collect() == [(text,)]


def test_a_format_that_is_given(spark: LocalSparkSession) -> None:
    options = "map('timestampFormat', 'yyyy')"
    assert scalar(spark, f"to_json(named_struct('t', {TIME}), {options})") == '{"t":"2024"}'
