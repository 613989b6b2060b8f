"""Rounding with a number of places: values and types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar


@pytest.mark.parametrize(
    ("expression", "value", "type_name"),
    [
        ("floor(3.1419, 3)", Decimal("3.141"), "decimal(5,3)"),
        ("floor(-3.1411, 3)", Decimal("-3.142"), "decimal(5,3)"),
        ("floor(3.7, 0)", Decimal("3"), "decimal(2,0)"),
        ("floor(2.1267D, 2)", Decimal("2.12"), "decimal(18,2)"),
        ("floor(-3.1415D, 2)", Decimal("-3.15"), "decimal(18,2)"),
        ("floor(25, -1)", Decimal("20"), "decimal(11,0)"),
        ("ceil(3.1411, 3)", Decimal("3.142"), "decimal(5,3)"),
        ("ceiling(21, -1)", Decimal("30"), "decimal(11,0)"),
        ("floor(3.7D)", 3, "bigint"),
        ("floor(NULL, 1)", None, None),
        ("bround(2.5)", Decimal("2"), "decimal(2,0)"),
        ("bround(-2.5)", Decimal("-2"), "decimal(2,0)"),
        ("bround(3.5)", Decimal("4"), "decimal(2,0)"),
        ("bround(2.45, 1)", Decimal("2.4"), "decimal(3,1)"),
        ("bround(2.451, 1)", Decimal("2.5"), "decimal(3,1)"),
        ("bround(2.5D)", 2.0, "double"),
        ("bround(25, -1)", 20, "int"),
        ("bround(0.125D, 2)", 0.12, "double"),
    ],
)
def test_rounded(
    spark: LocalSparkSession, expression: str, value: Any, type_name: str | None
) -> None:
    result = spark.sql(f"SELECT {expression} AS x")
    assert result.collect() == [(value,)]
    if type_name:
        assert result.schema["x"].dataType.simpleString() == type_name


def test_of_a_column(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (d DECIMAL(10, 3), x DOUBLE)")
    spark.sql("INSERT INTO t VALUES (2.125, 2.129)")
    rows = spark.sql("SELECT bround(d, 2), floor(x, 2) FROM t WHERE floor(x, 2) < 2.125")
    assert rows.columns == ["bround(d, 2)", "floor(x, 2)"]
    assert rows.collect() == [(Decimal("2.12"), Decimal("2.12"))]


def test_places_that_are_no_literal(spark: LocalSparkSession) -> None:
    with pytest.raises(AnalysisException, match="n must be a literal") as error:
        scalar(spark, "floor(2.5, id) FROM range(1)")
    assert error.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"
