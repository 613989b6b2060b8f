"""A MERGE with common table expressions, and with columns that both tables have."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.spark.session import LocalSparkSession


@pytest.fixture
def table(spark: LocalSparkSession, schema: str) -> str:
    """A table with two rows."""
    spark.sql("CREATE TABLE m (a INT, b STRING)")
    spark.sql("INSERT INTO m VALUES (1, 'x'), (2, 'y')")
    return "m"


@pytest.mark.parametrize(
    "source", ["s", "s AS s", "(SELECT * FROM s) AS s"], ids=["table", "alias", "subquery"]
)
def test_the_common_tables_of_a_merge_are_read_by_its_source(
    spark: LocalSparkSession, table: str, source: str
) -> None:
    spark.sql(
        f"WITH s AS (SELECT 1 AS a, 'new' AS c) MERGE INTO {table} USING {source} ON m.a = s.a "
        "WHEN MATCHED THEN UPDATE SET b = c"
    )
    rows = spark.sql(f"SELECT b FROM {table} ORDER BY a").collect()
    assert [row.b for row in rows] == ["new", "y"]


@pytest.mark.parametrize(
    "clauses",
    [
        "ON m.a = s.a AND b = 'x' WHEN MATCHED THEN DELETE",
        "ON m.a = s.a WHEN MATCHED AND b = 'x' THEN DELETE",
        "ON m.a = s.a WHEN MATCHED THEN UPDATE SET b = upper(B)",
    ],
    ids=["ON", "condition", "value"],
)
def test_a_column_of_both_tables_is_ambiguous(
    spark: LocalSparkSession, table: str, clauses: str
) -> None:
    with pytest.raises(AnalysisException, match="`[bB]` is ambiguous") as refused:
        spark.sql(f"MERGE INTO {table} USING (SELECT 1 AS a, 'z' AS b) s {clauses}")
    assert refused.value.getCondition() == "AMBIGUOUS_REFERENCE"
    assert spark.table(table).count() == 2


@pytest.mark.parametrize(
    "clauses",
    [
        "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (a, b)",
        "WHEN NOT MATCHED BY SOURCE AND b = 'y' THEN UPDATE SET b = b || '!'",
        "WHEN MATCHED THEN UPDATE SET b = c",
    ],
)
def test_a_column_of_the_only_table_of_a_clause_needs_no_name(
    spark: LocalSparkSession, table: str, clauses: str
) -> None:
    source = "(SELECT 1 AS a, 'z' AS b, 'c' AS c)"
    spark.sql(f"MERGE INTO {table} USING {source} s ON m.a = s.a {clauses}")
