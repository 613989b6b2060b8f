"""Dates with hours, numbers as dates, and hours of intervals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyspark.errors import PySparkException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar

INTERVAL = "INTERVAL '3 4:05:06' DAY TO SECOND"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("DATE'2024-01-31' + INTERVAL 1 HOUR", dt.datetime(2024, 1, 31, 1)),
        ("DATE'2024-01-31' - INTERVAL '30' MINUTE", dt.datetime(2024, 1, 30, 23, 30)),
        ("INTERVAL 1 SECOND + DATE'2024-01-31'", dt.datetime(2024, 1, 31, 0, 0, 1)),
        ("DATE'2024-01-31' + INTERVAL 1 DAY", dt.date(2024, 2, 1)),
        ("TIMESTAMP'2024-01-31 00:00:00' + INTERVAL 1 HOUR", dt.datetime(2024, 1, 31, 1)),
        (f"extract(HOUR FROM {INTERVAL})", 4),
        (f"extract(MINUTE FROM {INTERVAL})", 5),
        ("extract(HOUR FROM TIMESTAMP'2024-01-31 05:00:00')", 5),
        ("CAST('2024-1-5' AS DATE)", dt.date(2024, 1, 5)),
        ("CAST(NULL AS DATE)", None),
    ],
)
def test_value(spark: LocalSparkSession, expression: str, value: Any) -> None:
    assert scalar(spark, expression) == value


@pytest.mark.parametrize("query", ["CAST(1 AS DATE)", "CAST(id AS DATE) FROM range(1)"])
def test_a_number_is_no_date(spark: LocalSparkSession, query: str) -> None:
    with pytest.raises(PySparkException) as error:
        scalar(spark, query)
    assert error.value.getCondition() == "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION"
