"""``CREATE TABLE ... AS SELECT``."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from tests.local.sql.statement_rows import (
    AFFECTED_ROWS,
    TAGS,
    Refusal,
    Row,
    check,
    check_refused,
    key_columns,
    row_id,
    table_comment,
)

ROWS = [
    Row(
        "CREATE TABLE new AS SELECT a, b FROM n",
        AFFECTED_ROWS,
        then={"SELECT * FROM new": [(1, "one"), (2, None)]},
    ),
    Row(
        "CREATE TABLE new COMMENT 'copied' TBLPROPERTIES ('quality' = 'gold') AS SELECT a FROM n",
        AFFECTED_ROWS,
        then={
            table_comment("new"): [("copied",)],
            "SHOW TBLPROPERTIES new": [("quality", "gold")],
        },
    ),
    Row(
        "CREATE OR REPLACE TABLE t AS SELECT 'x' AS y, 2 AS z",
        AFFECTED_ROWS,
        then={
            "SELECT * FROM t": [("x", 2)],
            key_columns("t"): [],
            table_comment("t"): [(None,)],
            "SHOW TBLPROPERTIES t": [],
            "SELECT count(*) FROM t VERSION AS OF 2": [(2,)],
            TAGS: [("kept", "yes")],
        },
        given=("ALTER TABLE t SET TAGS ('kept' = 'yes')",),
    ),
    Row(
        "CREATE OR REPLACE TABLE t COMMENT 'half' AS SELECT id, x / 2 AS x FROM t",
        AFFECTED_ROWS,
        then={"SELECT * FROM t": [(1, 0.75), (2, 1.25)], table_comment("t"): [("half",)]},
    ),
    Row(
        "CREATE OR REPLACE TABLE new AS SELECT 1 AS x",
        AFFECTED_ROWS,
        then={"SELECT * FROM new": [(1,)]},
    ),
]
REFUSALS = [
    Refusal(
        "CREATE OR REPLACE TABLE t AS SELECT absent FROM n",
        "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        "absent",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_failed_replacement_keeps_the_constraints(spark, fresh_schema):
    spark.sql("ALTER TABLE t ADD CONSTRAINT warm CHECK (x > 0)")
    with pytest.raises(PySparkException):
        spark.sql("CREATE OR REPLACE TABLE t AS SELECT raise_error('no') AS x")
    table = spark.unity.table(spark.resolve("t"))
    assert table.checks == {"warm": "x > 0"}
    assert [f["nullable"] for f in table.fields] == [False, False, True]
    assert table.primary_key is not None
    assert spark.table("t").count() == 2
