"""A sum of DECIMAL beyond 38 digits is an error."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession

NINES = "9" * 38


def rows(*values: str, kind: str = "DECIMAL(38, 0)") -> str:
    return "VALUES " + ", ".join(f"(CAST('{value}' AS {kind}))" for value in values) + " AS v(d)"


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_sum_that_does_not_fit(spark: LocalSparkSession, sign: str) -> None:
    large = rows(*[f"{sign}{NINES}"] * 3)
    with pytest.raises(PySparkException) as raised:
        spark.sql(f"SELECT sum(d) FROM {large}").collect()
    assert raised.value.getCondition() == "ARITHMETIC_OVERFLOW"
    with pytest.raises(PySparkException):
        spark.sql(f"SELECT * FROM {large}").agg(F.sum("d")).collect()
    assert spark.sql(f"SELECT try_sum(d) FROM {large}").collect() == [(None,)]


def test_a_sum_that_fits(spark: LocalSparkSession) -> None:
    assert spark.sql(f"SELECT sum(d) FROM {rows(NINES, f'-{NINES}', '5')}").collect() == [
        (Decimal(5),)
    ]
    small = rows("1.5", "2.25", kind="DECIMAL(30, 2)")
    frame = spark.sql(f"SELECT sum(d) FROM {small}")
    assert frame.dtypes == [("sum(d)", "decimal(38,2)")]
    assert frame.collect() == [(Decimal("3.75"),)]
    windowed = spark.sql(f"SELECT sum(d) OVER (ORDER BY d) AS w FROM {small} ORDER BY w").collect()
    assert windowed == [(Decimal("1.50"),), (Decimal("3.75"),)]
