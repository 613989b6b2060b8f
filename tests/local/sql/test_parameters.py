"""Parameters in statements of all kinds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from lakelab.local.sql.dialect import parse
from lakelab.local.sql.parameters import bind_parameters


@pytest.mark.parametrize(
    ("text", "args", "bound"),
    [
        ("SELECT ?, a FROM t WHERE b = ? GROUP BY ? LIMIT ?", [1, 2, 3, 4],
         "SELECT 1, a FROM t WHERE b = 2 GROUP BY 3 LIMIT 4"),
        ("WITH c AS (SELECT ? AS x) SELECT ? FROM c JOIN d ON y = ? WHERE ? = '?'", [1, 2, 3, 4],
         "WITH c AS (SELECT 1 AS x) SELECT 2 FROM c JOIN d ON y = 3 WHERE 4 = '?'"),
        ("SELECT :a, :b, :a", {"a": 1, "b": "x", "c": 9}, "SELECT 1, 'x', 1"),
        ("SELECT IDENTIFIER(:c) FROM IDENTIFIER(:t) AS k", {"c": "a.b", "t": "main.s.`x y`"},
         "SELECT `a`.`b` FROM `main`.`s`.`x y` AS k"),
        ("SELECT 1", [5], "SELECT 1"),
    ],
)  # fmt: skip
def test_values_take_their_places(text, args, bound):
    assert bind_parameters(parse(text), args)[0].text == bound


@pytest.mark.parametrize(
    ("text", "args"),
    [("SELECT :a", {"b": 1}), ("SELECT ?, ?", [1]), ("SELECT :a, ?", {"a": 1}), ("SELECT ?", None)],
)
def test_parameter_without_a_value_is_refused(text, args):
    with pytest.raises(AnalysisException) as caught:
        bind_parameters(parse(text), args)
    assert caught.value.getCondition() == "UNBOUND_SQL_PARAMETER"


VALUES = [1, -1, 2**40, 1.5, float("inf"), "it's \\ \"x\"", None, True, b"\x00a", Decimal("-1.50"),
          dt.date(2024, 1, 31), dt.datetime(2024, 1, 31, 10, 20, 30, 400), [1, 2], {"a": 1.5}]  # fmt: skip


def test_types_and_values(spark):
    frame = spark.sql(f"SELECT {', '.join('?' for _ in VALUES)}", args=VALUES)
    assert list(frame.collect()[0]) == VALUES
    assert [f.dataType.simpleString() for f in frame.schema] == [
        "int", "int", "bigint", "double", "double", "string", "void", "boolean", "binary", "decimal(3,2)",
        "date", "timestamp", "array<int>", "map<string,double>",
    ]  # fmt: skip


def test_statements_that_change_rows(spark, schema):
    spark.sql("CREATE TABLE t (a INT, b STRING)")
    spark.sql("INSERT INTO t VALUES (:a, :b), (2, 'two')", args={"a": 1, "b": "one"})
    spark.sql("UPDATE t SET b = ? WHERE a = ?", args=["1st", 1])
    spark.sql("DELETE FROM t WHERE a = ?", args=[2])
    merge = "MERGE INTO t USING (SELECT ? AS a) s ON t.a = s.a WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, ?)"
    spark.sql(merge, args=[7, "seven"])
    assert sorted(spark.table("t").collect()) == [(1, "1st"), (7, "seven")]


def test_columns_as_parameters_are_bound_by_the_engine(spark):
    assert spark.sql("SELECT size(:a) AS n", args={"a": F.array(F.lit(1))}).collect() == [(1,)]


@pytest.mark.parametrize("kind", ["VIEW v", "TEMPORARY VIEW v"])
def test_views_have_no_parameters(spark, schema, kind):
    with pytest.raises(Exception, match="PARAMETER_MARKER_IN_UNEXPECTED_STATEMENT"):
        spark.sql(f"CREATE {kind} AS SELECT :x AS x", args={"x": 1})
