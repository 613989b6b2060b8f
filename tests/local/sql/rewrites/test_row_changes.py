"""Statements that change rows run in all the forms that Databricks reads, and obey CHECK constraints."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException


@pytest.fixture
def positive(spark, schema):
    spark.sql("CREATE TABLE positive (v INT)")
    spark.sql("ALTER TABLE positive ADD CONSTRAINT above CHECK (v > 0)")
    spark.sql("INSERT INTO positive VALUES (1), (2)")


def values(spark):
    return sorted(row.v for row in spark.table("positive").collect())


@pytest.mark.parametrize(
    ("statement", "counted", "after"),
    [
        ("DELETE positive WHERE v = 1", 1, [2]),
        ("DELETE /* x */ positive -- all", 2, []),
        ("INSERT positive VALUES (3)", 1, [1, 2, 3]),
        ("WITH s AS (SELECT 3 AS v) INSERT INTO positive SELECT v FROM s", 1, [1, 2, 3]),
        ("UPDATE /* x */ positive SET v = 5 WHERE v = 1;", 1, [2, 5]),
        ("insert /* x */ overwrite POSITIVE VALUES (7)", 1, [7]),
    ],
)
def test_a_statement_changes_rows(spark, positive, statement, counted, after):
    assert spark.sql(statement).collect()[0].num_affected_rows == counted
    assert values(spark) == after


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE /* x */ positive SET v = -1",
        "update\nPositive -- x\nset v = -1;",
        "INSERT positive VALUES (-1)",
        "INSERT /* x */ OVERWRITE positive VALUES (-1)",
        "MERGE /* x */ INTO positive USING (SELECT 1 AS v) s ON positive.v = s.v "
        "WHEN MATCHED THEN UPDATE SET v = -1",
        "MERGE WITH SCHEMA EVOLUTION INTO positive USING (SELECT 1 AS v) s ON positive.v = s.v "
        "WHEN MATCHED THEN UPDATE SET v = -1",
    ],
)
def test_a_row_that_breaks_a_constraint_is_refused(spark, positive, statement):
    with pytest.raises(AnalysisException, match="CHECK constraint above"):
        spark.sql(statement)
    assert values(spark) == [1, 2]
