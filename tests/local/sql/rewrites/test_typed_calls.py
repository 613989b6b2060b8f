"""Functions of numbers have Spark's values and types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession

ROWS = "VALUES (CAST(1 AS TINYINT), 3, 4L, CAST(3.25 AS DECIMAL(10, 2))) AS t(y, i, b, d)"


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("decode(i, 1, 'one', 3, 'three')", "string", "three"),
        ("decode(NULL, NULL, 'n', 'x')", "string", "n"),
        ("decode(i, 3, 1, 2.5)", "decimal(11,1)", Decimal("1.0")),
        ("decode(X'41', 'UTF-8')", "string", "A"),
        ("zeroifnull(d)", "decimal(12,2)", Decimal("3.25")),
        ("nullif(y, b)", "tinyint", 1),
        ("nullif(y, 2.5D)", "tinyint", 1),
        ("nullif(d, 3.25D)", "decimal(10,2)", None),
        ("hypot(i, b)", "double", 5.0),
        ("hypot(2147483647, 0)", "double", 2147483647.0),
        ("nullif(i, '3')", "int", None),
        ("~y", "tinyint", -2),
        ("try_add(y, i)", "int", 4),
        ("try_add(i, 9223372036854775807)", "bigint", None),
        ("try_subtract(y, CAST(-127 AS TINYINT))", "tinyint", None),
        ("try_multiply(d, 2)", "decimal(12,2)", Decimal("6.50")),
        ("try_divide(d, 0)", "decimal(14,6)", None),
        ("try_add(1D, i)", "double", 4.0),
        ("datediff(DATE'2024-01-05', DATE'2024-01-01') + 1", "int", 5),
        ("regexp_count('aXbX', 'X')", "int", 2),
        ("rint(2.5D)", "double", 2.0),
        ("conv('ff', 16, 10)", "string", "255"),
        ("bround(25, -1)", "int", 20),
        ("bround(y, 1)", "tinyint", 1),
        ("round(1.005D, 2)", "double", 1.01),
        ("round(-1.005D, 2)", "double", -1.01),
        ("round(1.0049999999999D, 2)", "double", 1.0),
        ("round(123456789012345.67D, 2)", "double", 123456789012345.67),
        ("round(1e300D, 5)", "double", 1e300),
        ("round(CAST(1.15 AS FLOAT), 1) = CAST(1.1 AS FLOAT)", "boolean", True),
    ],
)
def test_values(spark: LocalSparkSession, expression: str, kind: str, value: Any) -> None:
    frame = spark.sql(f"SELECT {expression} AS x FROM {ROWS}")
    assert frame.first() == (value,)
    assert frame.dtypes == [("x", kind)]


def test_of_a_frame(spark: LocalSparkSession) -> None:
    frame = spark.range(1).select(
        F.round(F.lit(1.005), 2).alias("r"), F.rint(F.lit(2.5)), F.datediff(F.lit("2024-01-02"), F.lit("2024-01-01")),
        F.try_add(F.lit(1).cast("tinyint"), F.col("id")),
    )  # fmt: skip
    assert frame.first() == (1.01, 2.0, 1, 1)
    assert [kind for _, kind in frame.dtypes] == ["double", "double", "int", "bigint"]


def test_refused(spark: LocalSparkSession) -> None:
    for expression, condition in (
        ("conv('-1', 10, 16)", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
        ("round(2147483647, -1)", "ARITHMETIC_OVERFLOW"),
    ):
        with pytest.raises(PySparkException) as refused:
            spark.sql(f"SELECT {expression}").collect()
        assert refused.value.getCondition() == condition


def test_nullif_in_a_dataframe(spark: LocalSparkSession) -> None:
    frame = spark.sql(f"SELECT * FROM {ROWS}").select(F.nullif("y", F.lit(2.5)), F.nullif("i", "i"))
    assert frame.dtypes == [("nullif(y, 2.5)", "tinyint"), ("nullif(i, i)", "int")]
    assert frame.collect() == [(1, None)]
