"""Days of the week, as Spark counts them."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar

SUNDAY = "DATE '2024-01-07'"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (f"weekday({SUNDAY})", 6),
        ("weekday('2024-01-08')", 0),
        ("weekday(CAST(NULL AS DATE))", None),
        (f"-WeekDay({SUNDAY})", -6),
        (f"weekday({SUNDAY}) * 10", 60),
        (f"extract(DOW FROM {SUNDAY})", 1),
        (f"extract(DAYOFWEEK FROM {SUNDAY})", 1),
        (f"extract(dow_iso FROM {SUNDAY})", 7),
        (f"date_part('dow', {SUNDAY})", 1),
        (f"datepart('dayofweek_iso', {SUNDAY})", 7),
        ("extract(YEAROFWEEK FROM DATE '2024-12-30')", 2025),
        ("date_part('YEAROFWEEK', DATE '2021-01-03')", 2020),
        (f"extract(MONTH FROM {SUNDAY})", 1),
        (f"extract(DOY FROM {SUNDAY})", 7),
    ],
)
def test_part(spark: LocalSparkSession, expression: str, value: int | None) -> None:
    assert scalar(spark, expression) == value


def test_in_each_clause(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (d DATE)")
    spark.sql("INSERT INTO t VALUES (DATE '2024-01-07'), (DATE '2024-01-08'), (DATE '2024-01-14')")
    rows = spark.sql(
        "SELECT weekday(d), count(*) FROM t WHERE weekday(d) >= 0 GROUP BY weekday(d) "
        "HAVING weekday(d) < 9 ORDER BY weekday(d)"
    )
    assert rows.columns == ["weekday(d)", "count(1)"]
    assert rows.collect() == [(0, 1), (6, 2)]
    spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT weekday(d) FROM t")
    assert spark.sql("SELECT max(`weekday(d)`) FROM v").collect() == [(6,)]
    spark.sql("DROP VIEW v")
    spark.sql("DELETE FROM t WHERE weekday(d) = 6")
    assert spark.table("t").count() == 1
