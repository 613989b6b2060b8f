"""Casts of Python values to Spark types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.errors import PythonException
from pyspark.sql import Row, types

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.udf.casts import cast_to
from tests.local.sql.function_helpers import create_python_function, scalar

CASTS: list[tuple[types.DataType, Any, Any]] = [
    (types.IntegerType(), 2.9, 2),
    (types.IntegerType(), True, 1),
    (types.IntegerType(), np.int64(3), 3),
    (types.IntegerType(), " 4 ", 4),
    (types.IntegerType(), 2**31, OverflowError),
    (types.LongType(), float("inf"), OverflowError),
    (types.LongType(), "x", ValueError),
    (types.LongType(), [1], TypeError),
    (types.DoubleType(), np.float32(1.5), 1.5),
    (types.DoubleType(), Decimal("1.5"), 1.5),
    (types.DoubleType(), date(2024, 1, 1), TypeError),
    (types.DecimalType(5, 2), 1.005, Decimal("1.01")),
    (types.DecimalType(3, 2), 12, OverflowError),
    (types.StringType(), False, "false"),
    (types.StringType(), 1.5, "1.5"),
    (types.BooleanType(), "TRUE", True),
    (types.BooleanType(), 0, False),
    (types.BooleanType(), "yes", ValueError),
    (types.DateType(), datetime(2024, 1, 2, 3), date(2024, 1, 2)),
    (types.DateType(), "2024-01-02", date(2024, 1, 2)),
    (types.DateType(), 3, TypeError),
    (types.TimestampType(), "2024-01-02T03:00:00+02:00", datetime(2024, 1, 2, 1)),
    (types.TimestampType(), date(2024, 1, 2), datetime(2024, 1, 2)),
    (types.BinaryType(), "a", b"a"),
    (types.BinaryType(), 1, TypeError),
    (types.ArrayType(types.IntegerType()), (1.5, None), [1, None]),
    (types.ArrayType(types.IntegerType()), np.array([1, 2]), [1, 2]),
    (types.ArrayType(types.StringType()), "ab", TypeError),
    (types.MapType(types.StringType(), types.IntegerType()), {1: "2"}, {"1": 2}),
    (types.MapType(types.StringType(), types.IntegerType()), [1], TypeError),
    (types.StructType([types.StructField("a", types.IntegerType())]), Row(a="1"), {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("data_type", "value", "expected"), CASTS)
def test_casts(data_type: types.DataType, value: Any, expected: Any) -> None:
    if isinstance(expected, type):
        with pytest.raises(expected):
            cast_to(data_type)(value)
    else:
        assert cast_to(data_type)(value) == expected
        assert type(cast_to(data_type)(value)) is type(expected)


def test_arguments_have_the_types_of_the_parameters(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(
        "CREATE FUNCTION kinds(x DOUBLE, y STRING DEFAULT 1, z DECIMAL(5,1) DEFAULT 1.25) "
        "RETURNS STRING LANGUAGE PYTHON AS $$ return f'{x!r} {y!r} {z!r}' $$"
    )
    assert scalar(spark, "kinds(1)") == "1.0 '1' Decimal('1.3')"
    assert scalar(spark, "kinds('2.5', 3, 4)") == "2.5 '3' Decimal('4.0')"


def test_result_of_another_type_is_refused(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return [x]")
    with pytest.raises(
        PythonException, match=rf"{schema}\.f\(x=7\) failed(.|\n)*returned \[7\].*no double"
    ):
        spark.sql("SELECT f(7)").collect()
