"""Checks of the columns of a new table."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    ("columns", "condition"),
    [
        ("(a INT, b INT) PARTITIONED BY (B, a)", "ALL_PARTITION_COLUMNS_NOT_ALLOWED"),
        ("PARTITIONED BY (a) AS SELECT 1 AS a", "ALL_PARTITION_COLUMNS_NOT_ALLOWED"),
        (
            "(a INT GENERATED ALWAYS AS IDENTITY)",
            "DELTA_IDENTITY_COLUMNS_UNSUPPORTED_DATA_TYPE",
        ),
        (
            "(a INT, b STRING GENERATED ALWAYS AS (a + 1))",
            "DELTA_GENERATED_COLUMNS_EXPR_TYPE_MISMATCH",
        ),
        (
            "(a INT, b DOUBLE GENERATED ALWAYS AS (a * rand()))",
            "UNSUPPORTED_EXPRESSION_GENERATED_COLUMN",
        ),
        ("(a INT, b INT GENERATED ALWAYS AS (nope + 1))", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
    ],
)
def test_a_definition_that_delta_refuses(
    spark: LocalSparkSession, schema: str, columns: str, condition: str
) -> None:
    with pytest.raises(PySparkException) as refused:
        spark.sql(f"CREATE TABLE m {columns}")
    assert refused.value.getCondition() == condition
    assert not spark.catalog.tableExists("m")


@pytest.mark.parametrize(
    "columns",
    [
        "(a INT, b INT) PARTITIONED BY (a)",
        "(a INT) PARTITIONED BY (b STRING)",
        "(i BIGINT GENERATED ALWAYS AS IDENTITY, a INT)",
        "(a TIMESTAMP, d DATE GENERATED ALWAYS AS (CAST(a AS DATE)))",
        "(a INT, b STRING GENERATED ALWAYS AS (concat('x', string(a))) COMMENT 'made', c DOUBLE)",
    ],
)
def test_a_definition_that_is_right(spark: LocalSparkSession, schema: str, columns: str) -> None:
    spark.sql(f"CREATE TABLE m {columns}")
    assert spark.table("m").count() == 0


def test_replace_table_does_not_create_one(spark: LocalSparkSession, schema: str) -> None:
    with pytest.raises(PySparkException) as refused:
        spark.sql("REPLACE TABLE m (a INT) USING DELTA")
    assert refused.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"
    spark.sql("CREATE TABLE m (b INT)")
    spark.sql("REPLACE TABLE m (a INT) USING DELTA")
    assert spark.table("m").columns == ["a"]
