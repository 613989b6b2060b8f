"""Calls of Unity Catalog's functions in SQL."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import HAVERSINE, create_python_function, scalar


def test_python_function(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(HAVERSINE)
    km = scalar(spark, f"round({schema}.km(40.64D, -73.78D, 33.94D, -118.41D))")
    assert km == 3974.0
    assert scalar(spark, "km(0, 0, 90)") == pytest.approx(10007.5, abs=0.1)  # the default
    assert scalar(spark, "km(lat2 => 0, lon2 => 0, lat1 => 0, lon1 => 0)") == 0.0
    assert scalar(spark, "km(null, 0, 90)") is None


def test_call_in_each_clause(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "twice", "return 2 * x", "(x DOUBLE)")
    spark.sql("CREATE TABLE t (k INT NOT NULL PRIMARY KEY, x DOUBLE)")
    spark.sql("INSERT INTO t SELECT id, twice(twice(id)) FROM range(4)")
    spark.sql(f"CREATE TABLE u AS SELECT k, `{schema.split('.')[1]}`.`twice`(x) AS y FROM t")
    spark.sql("UPDATE u SET y = twice(y) WHERE twice(k) = 6")
    spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT k, twice(y) AS z FROM u")
    rows = spark.sql(
        "WITH w AS (SELECT z, CASE WHEN twice(k) > 2 THEN 'b' ELSE 'a' END AS g FROM v) "
        "SELECT g, sum(twice(z)) AS s FROM w GROUP BY g HAVING s >= 0 ORDER BY twice(s)"
    )
    assert rows.collect() == [("a", 32.0), ("b", 256.0)]
    spark.sql("DROP VIEW v")
    assert "twice" in str(spark.sql("EXPLAIN EXTENDED SELECT twice(1)").collect())


def test_columns_keep_their_names(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "twice", "return 2 * x")
    columns = spark.sql(f"SELECT {schema}.twice(1), twice(2) + 1, twice(3) AS c").columns
    assert columns == [f"{schema}.twice(1)", "twice(2) + 1", "c"]


def test_text_like_a_call_is_no_call(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return 1")
    assert scalar(spark, "'main.nope.g(1) and f(x)'") == "main.nope.g(1) and f(x)"
    assert scalar(spark, "upper('f (') -- main.nope.g(1)\n") == "F ("


def test_parameters_of_a_query(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "twice", "return 2 * x")
    assert spark.sql("SELECT twice(:n) AS x", args={"n": 4}).collect() == [(8.0,)]
    assert spark.sql("SELECT twice(?) AS x", args=[5]).collect() == [(10.0,)]


def test_sql_functions(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(
        "CREATE FUNCTION late(minutes INT, bound INT DEFAULT 15) RETURN minutes >= late.bound"
    )
    spark.sql("CREATE FUNCTION word(m INT) RETURNS STRING RETURN CASE WHEN late(m) THEN 'late' END")
    rows = spark.sql("SELECT word(m), late(m, 60) FROM VALUES (14), (15), (60) AS t(m)").collect()
    assert rows == [(None, False), ("late", False), ("late", True)]
    spark.sql("CREATE FUNCTION num(m INT) RETURNS BIGINT RETURN m + 0.7")
    assert spark.sql("SELECT num(1) x").dtypes == [("x", "bigint")]
    spark.sql("CREATE FUNCTION round_trip(m INT) RETURN m")
    spark.sql("CREATE OR REPLACE FUNCTION round_trip(m INT) RETURNS INT RETURN round_trip(m) + 1")
    with pytest.raises(AnalysisException, match="calls itself"):
        spark.sql("SELECT round_trip(1)")


REFUSALS = [
    ("SELECT f()", AnalysisException, r"WRONG_NUM_ARGS.*f\(x INT\)"),
    ("SELECT f(1, 2)", AnalysisException, "WRONG_NUM_ARGS"),
    ("SELECT f(y => 2)", AnalysisException, "WRONG_NUM_ARGS"),
    ("SELECT f(1, x => 2)", AnalysisException, "WRONG_NUM_ARGS"),
    ("SELECT main.nowhere.f(1)", AnalysisException, "UNRESOLVED_ROUTINE.*`main`.`nowhere`.`f`"),
]


@pytest.mark.parametrize(("statement", "error", "message"), REFUSALS)
def test_refusals(
    spark: LocalSparkSession,
    schema: str,
    statement: str,
    error: type[PySparkException],
    message: str,
) -> None:
    create_python_function(spark, "f", "return 1")
    with pytest.raises(error, match=f"(?s){message}"):
        pytest.fail(f"{statement} gave {spark.sql(statement).collect()}")
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.f",)]
