"""A DECIMAL beside a DOUBLE is a DOUBLE; beside other types it stays exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar

ROWS = "VALUES (1e20D, 1.50, 7, FLOAT(1e-20)) AS t(x, d, i, f)"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("x > 0.5", True),
        ("0.5 < x", True),
        ("x > -0.5", True),
        ("1e-20D > 0.0", True),
        ("double('NaN') > 0.5", True),
        ("double('NaN') <=> 0.5", False),
        ("f > 0.0", True),
        ("x > d", True),
        ("x > (0.5)", True),
        ("x BETWEEN 0.5 AND 1.5", False),
        ("x IN (0.5, 1)", False),
        ("CASE x WHEN 0.5 THEN 1 ELSE 2 END", 2),
        ("CASE WHEN i = 7 THEN x ELSE 0.5 END", 1e20),
        ("CASE WHEN i = 7 THEN d ELSE x END", 1.5),
        ("if(i = 7, x, 0.5)", 1e20),
        ("coalesce(NULL, d, x)", 1.5),
        ("coalesce(x, 0.5)", 1e20),
        ("coalesce(x, 0.5) > 0.5", True),
        ("greatest(x, 0.5)", 1e20),
        ("least(1e-20D, 0.5)", 1e-20),
        ("nullif(x, 0.5)", 1e20),
        ("nvl2(NULL, 0.5, x)", 1e20),
        ("nvl(x, 0.5)", 1e20),
        ("pmod(1e20D, 0.5)", 0.0),
        ("filter(array(x), e -> e > 0.5)", [1e20]),
        ("x + 0.5 > 0.5", True),
        ("d * 1.1", Decimal("1.650")),
        ("d > 0.5", True),
        ("coalesce(d, 0.25)", Decimal("1.50")),
        ("i > 0.5", True),
        ("0.1 + 0.2 = 0.3", True),
    ],
)
def test_expression(spark: LocalSparkSession, expression: str, value: Any) -> None:
    result = scalar(spark, f"{expression} AS x FROM {ROWS} --")
    assert result == value
    assert type(result) is type(value)


def test_columns_of_tables_views_and_subqueries(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (x DOUBLE, d DECIMAL(20, 5))")
    spark.sql("INSERT INTO t VALUES (1e20, 1.5), (1e-20, 2.5)")
    assert spark.sql("SELECT count(*) FROM t WHERE x > 0.0").first() == (2,)
    assert spark.sql("SELECT a.d FROM t a JOIN t b ON a.d < b.x").count() == 2
    assert spark.sql("WITH w AS (SELECT x AS y FROM t) SELECT * FROM w WHERE y < 0.5").count() == 1
    assert spark.sql("SELECT d FROM t GROUP BY d HAVING sum(x) > 0.5").collect() == [
        (Decimal("1.5"),)
    ]
    assert spark.sql("SELECT d FROM t WHERE x IN (SELECT 1e20D) AND x > 0.5").count() == 1
    spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT x > 0.5, x FROM t")
    assert spark.sql("SELECT * FROM v WHERE x < 0.5").collect() == [(False, 1e-20)]
    spark.sql("DROP VIEW v")


def test_statements_that_change_rows(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE TABLE t (x DOUBLE, d DECIMAL(20, 5))")
    spark.sql("INSERT INTO t VALUES (1e20, 1.5), (1e-20, 2.5)")
    spark.sql("UPDATE t SET d = CASE WHEN x > 0.5 THEN 9 ELSE d END WHERE x > 0.0")
    assert spark.sql("SELECT max(d) FROM t").first() == (Decimal("9.00000"),)
    spark.sql(
        "MERGE INTO t USING (SELECT 1e20D AS k) s ON t.x = s.k AND t.x > 0.5 "
        "WHEN MATCHED AND s.k > 0.5 THEN UPDATE SET d = 7"
    )
    assert spark.sql("SELECT max(d) FROM t").first() == (Decimal("7.00000"),)
    spark.sql("DELETE FROM t WHERE x < 0.5")
    assert spark.table("t").count() == 1


def test_set_operations_and_rows(spark: LocalSparkSession) -> None:
    union = spark.sql("SELECT 0.5 AS a, 1 AS b UNION ALL SELECT 1e20D, 2 ORDER BY b")
    assert union.collect() == [(0.5, 1), (1e20, 2)]
    assert spark.sql("SELECT max(a) FROM VALUES (0.5), (1e20D) AS v(a)").first() == (1e20,)
