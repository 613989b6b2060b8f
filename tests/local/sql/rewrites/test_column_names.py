"""The names of columns do not show that an expression was rewritten."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ("weekday(DATE '2024-01-07'), DATE '2024-01-07'", ["weekday(DATE '2024-01-07')", "DATE '2024-01-07'"]),
        ("weekday(d), d, weekday(d) AS w", ["weekday(d)", "d", "w"]),
        ("1 + weekday(d)", ["(1 + weekday(d))"]),
        ("*, weekday(d)", ["d", "weekday(d)"]),
        ("max_by(1, 2, 3)", ["max_by(1, 2, 3)"]),
    ],
)  # fmt: skip
def test_names(spark: LocalSparkSession, columns: str, names: list[str]) -> None:
    query = f"SELECT {columns} FROM VALUES (DATE '2024-01-07') AS t(d)"
    assert spark.sql(query).columns == names
    assert spark.sql(f"SELECT * FROM ({query})").columns == names


def test_names_in_a_table(spark: LocalSparkSession, schema: str) -> None:
    spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT weekday(DATE '2024-01-07')")
    assert spark.sql("SELECT * FROM v").columns == ["weekday(DATE '2024-01-07')"]
    spark.sql("DROP VIEW v")


def test_order_by_a_rewritten_column(spark: LocalSparkSession) -> None:
    rows = spark.sql(
        "SELECT weekday(d) FROM VALUES (DATE '2024-01-07'), (DATE '2024-01-08') AS t(d) "
        "GROUP BY weekday(d) HAVING weekday(d) >= 0 ORDER BY weekday(d) DESC"
    )
    assert rows.collect() == [(6,), (0,)]
