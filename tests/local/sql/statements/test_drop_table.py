"""``DROP TABLE``."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

from tests.local.sql.statement_rows import (
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

ROWS = [
    Row("DROP TABLE n", then={"SHOW TABLES LIKE 'n'": []}),
    Row("DROP TABLE IF EXISTS absent"),
]
REFUSALS = [
    Refusal("DROP TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("DROP TABLE absent.t", NO_SCHEMA, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_drop_table_removes_the_files(spark, schema):
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    folder = spark.unity.path(spark.resolve("t"))
    assert folder.is_dir()
    spark.sql("DROP TABLE t")
    assert not folder.exists()
    with pytest.raises(AnalysisException, match="not found"):
        spark.sql("SELECT * FROM t").collect()
    spark.sql("DROP TABLE IF EXISTS t")
    with pytest.raises(AnalysisException):
        spark.sql("DROP TABLE t")
