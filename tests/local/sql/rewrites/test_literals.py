"""Literals have the values and types that Spark gives them."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'it''s'", "it's"),
        ("'a''''b'", "a''b"),
        ("''''", "'"),
        ('"a""b"', 'a"b'),
        ("\"a''b\"", "a''b"),
        ("'a' 'b''c'", "ab'c"),
        ("'a'  'b'", "ab"),
        ("'a\\''''", "a''"),
        ("'\\x41\\u0041\\101'", "x41AA"),
        ("r'\\x41'", "\\x41"),
        ("r'a\\n''b' 'c'", "a\\nbc"),
        ("-2147483648", -(2**31)),
        ("typeof(-2147483648)", "int"),
        ("typeof(-9223372036854775808)", "bigint"),
        ("typeof(2147483648)", "bigint"),
    ],
)
def test_value(spark: LocalSparkSession, literal: str, value: Any) -> None:
    assert scalar(spark, literal) == value


def test_names_of_columns_keep_the_numbers(spark: LocalSparkSession) -> None:
    frame = spark.sql("SELECT CAST(1.5D AS STRING), 2L, 1.5BD, 'it''s'")
    assert frame.columns == ["CAST(1.5 AS STRING)", "2", "1.5", "it's"]
    assert [kind for _, kind in frame.dtypes] == ["string", "bigint", "decimal(2,1)", "string"]


def test_in_a_table(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (a STRING)")
    spark.sql("INSERT INTO t VALUES ('it''s')")
    spark.sql("UPDATE t SET a = concat(a, '''') WHERE a = 'it''s'")
    assert spark.table("t").where("a = 'it''s'''").collect() == [("it's'",)]
    assert spark.range(1).select(F.expr("'it''s'").alias("x")).collect() == [("it's",)]
