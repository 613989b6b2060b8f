"""Statements that the engine runs, and what is common to all statements."""

from __future__ import annotations

import pytest
from pyspark.errors import ParseException

from lakelab.local.catalog.names import TableName
from tests.local.sql.statement_rows import Row, check, row_id

CHANGED = "num_affected_rows"
MERGED = "num_affected_rows num_updated_rows num_deleted_rows num_inserted_rows"
ROWS = [
    Row(
        "UPDATE n SET b = 'uno' WHERE a = 1",
        CHANGED,
        [(1,)],
        then={"SELECT * FROM n": [(1, "uno"), (2, None)]},
    ),
    Row("UPDATE n SET b = 'uno' WHERE a = 9", CHANGED, [(0,)]),
    Row("DELETE FROM n WHERE a = 1", CHANGED, [(1,)], then={"SELECT a FROM n": [(2,)]}),
    Row("-- all\nDELETE FROM {s}.n", CHANGED, [(2,)], then={"SELECT a FROM n": []}),
    Row(
        "MERGE INTO n USING (SELECT 1 AS a, 'uno' AS b UNION ALL SELECT 3, 'tres') m ON n.a = m.a "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT * "
        "WHEN NOT MATCHED BY SOURCE THEN DELETE",
        MERGED,
        [(3, 1, 1, 1)],
        then={"SELECT * FROM n": [(1, "uno"), (3, "tres")]},
    ),
    Row(
        "MERGE INTO n USING (SELECT 9 AS a) m ON n.a = m.a WHEN MATCHED THEN DELETE",
        MERGED,
        [(0, 0, 0, 0)],
    ),
    Row(
        "MERGE INTO n USING (SELECT 1 AS k) m ON n.a = m.k "
        "WHEN MATCHED THEN UPDATE SET b = element_at(array('x', 'uno'), 2)",
        MERGED,
        [(1, 1, 0, 0)],
        then={"SELECT * FROM n": [(1, "uno"), (2, None)]},
    ),
    Row("CREATE VIEW v AS SELECT a FROM n", then={"SELECT * FROM v": [(1,), (2,)]}),
    Row("DROP VIEW v", given=("CREATE VIEW v AS SELECT a FROM n",)),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize(
    "statement",
    [
        "OPTIMIZE t WHERE x = 1",
        "CREATE SCHEMA main.elsewhere MANAGED LOCATION 's3://bucket/folder'",
        "MSCK REPAIR TABLE t",
    ],
)
def test_error_names_a_statement_that_runs_on_databricks_only(spark, schema, statement):
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    with pytest.raises(ParseException, match="Databricks only") as refused:
        spark.sql(statement)
    assert statement.split()[0] in str(refused.value)


def test_comments_and_parameters_in_a_query(spark, schema):
    spark.sql("-- make it\n/* really */ CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY);")
    assert spark.unity.table(spark.resolve("t")).primary_key is not None
    assert spark.sql("SELECT :a + 1 AS x", args={"a": 41}).collect()[0]["x"] == 42
    assert spark.sql("SELECT * FROM {frame}", frame=spark.range(3)).count() == 3


def test_names_are_completed_and_lower_case(spark, schema):
    catalog, name = schema.split(".")
    assert spark.resolve("T") == TableName(catalog, name, "t")
    assert spark.resolve("Other.T") == TableName("main", "other", "t")
    assert spark.resolve("dev.Other.`my-table`") == TableName("dev", "other", "my-table")
