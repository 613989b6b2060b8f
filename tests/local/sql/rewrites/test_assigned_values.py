"""Values that INSERT, UPDATE, MERGE and writers assign to columns of other types."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyspark.errors import PySparkException

from lakelab.local.spark.session import LocalSparkSession

STORED = [
    ("STRING", "1e20D", "1.0E20"),
    ("STRING", "TIMESTAMP'2024-01-01 00:00:00.5'", "2024-01-01 00:00:00.5"),
    ("STRING", "array(1, NULL)", "[1, null]"),
    ("STRING", "CAST(NULL AS DOUBLE)", None),
    ("ARRAY<STRING>", "array(1e20D)", ["1.0E20"]),
    ("BIGINT", "TIMESTAMP'2024-01-01 00:00:00.7'", 1704067200),
    ("INT", "'7'", 7),
    ("DOUBLE", "TIMESTAMP'1970-01-01 00:00:00.5'", 0.5),
    ("TIMESTAMP", "1.5D", dt.datetime(1970, 1, 1, 0, 0, 1, 500000)),
    ("TIMESTAMP", "'2024-1-1 1:2:3'", dt.datetime(2024, 1, 1, 1, 2, 3)),
    ("DATE", "TIMESTAMP'2024-01-01 10:00:00'", dt.date(2024, 1, 1)),
    ("DATE", "'2024-1-5'", dt.date(2024, 1, 5)),
    ("BOOLEAN", "0", False),
]
REFUSED = [
    ("INT", "DATE'2024-01-01'", "WITH_FUNC_SUGGESTION"),
    ("DATE", "1", "WITH_FUNC_SUGGESTION"),
    ("DATE", "true", "WITHOUT_SUGGESTION"),
    ("BINARY", "1", "WITH_CONF_SUGGESTION"),
    ("TIMESTAMP", "true", "WITH_CONF_SUGGESTION"),
    ("BOOLEAN", "DATE'2024-01-01'", "WITH_CONF_SUGGESTION"),
    ("ARRAY<INT>", "1", "WITHOUT_SUGGESTION"),
    ("STRUCT<x: INT>", "named_struct('x', DATE'2024-01-01')", "WITH_FUNC_SUGGESTION"),
]


@pytest.mark.parametrize(("kind", "value", "stored"), STORED)
def test_stored(spark: LocalSparkSession, schema: str, kind: str, value: str, stored: Any) -> None:
    spark.sql(f"CREATE TABLE t (k INT, a {kind})")
    spark.sql(f"INSERT INTO t VALUES (1, {value})")
    spark.sql(f"INSERT INTO t SELECT 2, x FROM (SELECT {value} AS x)")
    spark.sql(f"INSERT INTO t (a, k) VALUES ({value}, 3)")
    spark.sql("INSERT INTO t VALUES (4, NULL)")
    spark.sql(f"UPDATE t SET a = {value} WHERE k = 4")
    spark.sql(
        f"MERGE INTO t USING (SELECT 5 AS k, {value} AS x) s ON t.k = s.k WHEN NOT MATCHED THEN INSERT (k, a) VALUES (s.k, s.x)"
    )
    spark.sql(f"SELECT 6 AS k, {value} AS a").write.mode("append").saveAsTable("t")
    rows = spark.table("t").orderBy("k").collect()
    assert rows == [(number, stored) for number in range(1, 7)]


@pytest.mark.parametrize(("kind", "value", "condition"), REFUSED)
def test_refused(
    spark: LocalSparkSession, schema: str, kind: str, value: str, condition: str
) -> None:
    spark.sql(f"CREATE TABLE t (a {kind})")
    frame = spark.sql(f"SELECT {value} AS a")
    for run in (
        lambda: spark.sql(f"INSERT INTO t VALUES ({value})"),
        lambda: spark.sql(f"INSERT INTO t SELECT {value}"),
        lambda: frame.write.mode("append").saveAsTable("t"),
        lambda: spark.sql(f"UPDATE t SET a = {value}"),
    ):
        with pytest.raises(PySparkException) as error:
            run()
        assert error.value.getCondition() == f"DATATYPE_MISMATCH.CAST_{condition}"
    assert spark.table("t").count() == 0


def test_a_number_that_is_too_large(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (a INT, d DECIMAL(4,2))")
    for statement in (
        "INSERT INTO t VALUES (3000000000, 1)",
        "INSERT INTO t VALUES (1, 123.456)",
    ):
        with pytest.raises(PySparkException) as error:
            spark.sql(statement)
        assert error.value.getCondition() == "CAST_OVERFLOW_IN_TABLE_INSERT"
    spark.sql("INSERT INTO t VALUES (1, 1)")
    for statement in ("UPDATE t SET a = 3000000000", "UPDATE t SET d = 123.456"):
        with pytest.raises(PySparkException) as error:
            spark.sql(statement)
        assert error.value.getCondition() == "DELTA_CAST_OVERFLOW_IN_TABLE_WRITE"


def test_texts_of_several_types(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (a STRING)")
    spark.sql("INSERT INTO t VALUES (1), (2.5)")
    assert sorted(spark.table("t").collect()) == [("1.0",), ("2.5",)]
