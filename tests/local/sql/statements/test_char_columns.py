"""VARCHAR(n) holds in each way of writing; CHAR(n) is refused."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.spark.session import LocalSparkSession

EXCEEDED = "DELTA_EXCEED_CHAR_VARCHAR_LIMIT"


@pytest.fixture
def table(spark: LocalSparkSession, schema: str) -> str:
    spark.sql("CREATE TABLE t (a VARCHAR(3), k INT)")
    spark.sql("INSERT INTO t VALUES ('abc', 1), (NULL, 2)")
    return "t"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES ('abcd', 3)",
        "INSERT INTO t VALUES (12345, 3)",
        "INSERT INTO t (k, a) SELECT 3, 'abcd'",
        "INSERT INTO t BY NAME SELECT 3 AS k, 'abcd' AS a",
        "INSERT OVERWRITE t VALUES ('abcd', 3)",
        "UPDATE t SET a = 'abcd'",
        "MERGE INTO t USING (SELECT 'abcd' AS a, 1 AS k) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET *",
        "MERGE INTO t USING (SELECT 'abcd' AS a, 9 AS k) s ON t.k = s.k WHEN NOT MATCHED THEN INSERT *",
    ],
)
def test_a_text_that_is_too_long(spark: LocalSparkSession, table: str, statement: str) -> None:
    with pytest.raises(PySparkException) as error:
        spark.sql(statement).collect()
    assert error.value.getCondition() == EXCEEDED
    assert spark.table(table).orderBy("k").collect() == [("abc", 1), (None, 2)]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_dataframe(spark: LocalSparkSession, table: str, mode: str) -> None:
    frame = spark.createDataFrame([("äöü", 3)], "a STRING, k INT")
    too_long = spark.createDataFrame([("abcd", 3)], "a STRING, k INT")
    with pytest.raises(PySparkException) as error:
        too_long.write.mode(mode).saveAsTable(table)
    assert error.value.getCondition() == EXCEEDED
    with pytest.raises(PySparkException):
        too_long.write.insertInto(table)
    frame.write.mode(mode).saveAsTable(table)
    assert spark.table(table).count() == (3 if mode == "append" else 1)


def test_a_column_that_is_added(spark: LocalSparkSession, table: str) -> None:
    spark.sql("ALTER TABLE t ADD COLUMNS (b VARCHAR(2))")
    with pytest.raises(PySparkException) as error:
        spark.sql("INSERT INTO t VALUES ('a', 3, 'xyz')")
    assert error.value.getCondition() == EXCEEDED


def test_a_table_that_is_replaced(spark: LocalSparkSession, table: str) -> None:
    spark.sql("CREATE OR REPLACE TABLE t (a VARCHAR(5), k INT) PARTITIONED BY (a)")
    spark.sql("INSERT INTO t VALUES ('abcde', 1)")
    with pytest.raises(PySparkException) as error:
        spark.sql("INSERT INTO t VALUES ('abcdef', 1)")
    assert error.value.getCondition() == EXCEEDED
    spark.sql("CREATE TABLE u LIKE t")
    with pytest.raises(PySparkException):
        spark.sql("INSERT INTO u VALUES ('abcdef', 1)")


@pytest.mark.parametrize("kind", ["CHAR(3)", "ARRAY<VARCHAR(2)>", "STRUCT<x: VARCHAR(2)>"])
def test_a_type_that_is_refused(spark: LocalSparkSession, schema: str, kind: str) -> None:
    for statement in (f"CREATE TABLE u (a {kind})", f"CREATE OR REPLACE TABLE u (a {kind})"):
        with pytest.raises(AnalysisException) as error:
            spark.sql(statement)
        assert error.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"
    assert not spark.catalog.tableExists("u")
