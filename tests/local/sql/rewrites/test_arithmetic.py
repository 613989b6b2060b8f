"""Operators have Spark's types and values; integers that overflow are an error."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.errors import PySparkException

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.rewrites.steps import rewrite_for_engine

ROWS = (
    "VALUES (2147483647, 9223372036854775807, 3.25, CAST('5' AS STRING), CAST(1.5 AS FLOAT), "
    "TIMESTAMP'2024-01-01', CAST(127 AS TINYINT)) AS t(i, b, d, s, f, ts, y)"
)


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        ("i + 1", "ARITHMETIC_OVERFLOW"),
        ("-i - 2", "ARITHMETIC_OVERFLOW"),
        ("i * 2", "ARITHMETIC_OVERFLOW"),
        ("b + 1", "ARITHMETIC_OVERFLOW"),
        ("b * b", "ARITHMETIC_OVERFLOW"),
        ("y + y", "BINARY_ARITHMETIC_OVERFLOW"),
        ("CAST(b AS INT)", "CAST_OVERFLOW"),
        ("CAST(99999999999999999999.5 AS BIGINT)", "CAST_OVERFLOW"),
        ("s + 's'", "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE"),
        ("ts / 2", "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES"),
        ("true + 1", "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES"),
        ("date'2024-01-01' + b", "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
        ("i DIV f", "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES"),
        ("CAST(s AS DECIMAL(38, 0)) + CAST(repeat('9', 38) AS DECIMAL(38, 0))", "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION"),
    ],
)  # fmt: skip
def test_refused(spark: LocalSparkSession, expression: str, condition: str) -> None:
    with pytest.raises(PySparkException) as refused:
        spark.sql(f"SELECT {expression} FROM {ROWS}").collect()
    assert refused.value.getCondition() == condition


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("i - 1", "int", 2147483646),
        ("b - 1", "bigint", 9223372036854775806),
        ("i + 1L", "bigint", 2147483648),
        ("y + 1", "int", 128),
        ("s + 1", "bigint", 6),
        ("s * 1.5", "double", 7.5),
        ("f + 1", "double", 2.5),
        ("f * d", "double", 4.875),
        ("f + f", "float", 3.0),
        ("d + 1", "decimal(4,2)", Decimal("4.25")),
        ("d * 2L", "decimal(5,2)", Decimal("6.50")),
        ("d / 3", "decimal(7,6)", Decimal("1.083333")),
        ("d / i", "decimal(14,13)", Decimal("0.0000000015134")),
        ("2 / CAST(3 AS DECIMAL(10, 2))", "decimal(14,11)", Decimal("0.66666666667")),
        ("d % 2", "decimal(3,2)", Decimal("1.25")),
        ("pmod(d, -2)", "decimal(3,2)", Decimal("1.25")),
        ("NULL + 1", "int", None),
        ("NULL + NULL", "double", None),
        ("date'2024-01-01' + 1", "date", date(2024, 1, 2)),
    ],
)
def test_values(spark: LocalSparkSession, expression: str, kind: str, value: Any) -> None:
    frame = spark.sql(f"SELECT {expression} AS x FROM {ROWS}")
    assert frame.dtypes == [("x", kind)]
    assert frame.first() == (value,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1  + 1",
        "SELECT 1Y  + 1, (2 - 5) * 100000",
        "SELECT x  FROM t WHERE x % 10 + 1 > 3",
        "SELECT 1.5  + 2.25, 2 * 1e3, 7  % 2",
    ],
)
def test_no_cast_where_no_value_can_overflow(spark: LocalSparkSession, statement: str) -> None:
    assert rewrite_for_engine(spark, statement) == statement


def test_each_place_of_a_statement(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (id INT, x BIGINT)")
    spark.sql("INSERT INTO t VALUES (1, 9223372036854775807), (2, 5)")
    for statement in (
        "SELECT x + id, count(*) FROM t GROUP BY x + id",
        "SELECT id FROM t ORDER BY x * 2",
        "SELECT a.id FROM t a JOIN t b ON a.x + 1 = b.x",
        "WITH w AS (SELECT x * 2 AS y FROM t) SELECT max(y) FROM w",
        "SELECT sum(x) FROM t HAVING sum(x) > 0",
        "SELECT sum(x) OVER (ORDER BY id) FROM t",
        "SELECT transform(array(x), e -> e + 1) FROM t",
        "SELECT (SELECT max(x) + 1 FROM t)",
        "UPDATE t SET x = x + 1",
        "DELETE FROM t WHERE x + 1 > 10",
        "MERGE INTO t USING (SELECT 1 AS k) s ON t.id = s.k WHEN MATCHED THEN UPDATE SET x = t.x + s.k",
        "INSERT INTO t SELECT id, x + 1 FROM t",
    ):
        with pytest.raises(PySparkException) as refused:
            spark.sql(statement).collect()
        assert refused.value.getCondition() == "ARITHMETIC_OVERFLOW", statement
    assert spark.sql("SELECT count(*) FROM t WHERE x > 5").first() == (1,)
    ordered = spark.sql("SELECT id + 1, count(*) AS n FROM t GROUP BY id + 1 ORDER BY id + 1")
    assert ordered.columns == ["(id + 1)", "n"]
    assert ordered.collect() == [(2, 1), (3, 1)]


@pytest.mark.parametrize("values", [{"p": 1}, [1]])
def test_a_parameter(spark: LocalSparkSession, values: Any) -> None:
    marker = ":p" if isinstance(values, dict) else "?"
    with pytest.raises(PySparkException) as refused:
        spark.sql(f"SELECT 2147483647 + {marker}", args=values).collect()
    assert refused.value.getCondition() == "ARITHMETIC_OVERFLOW"
