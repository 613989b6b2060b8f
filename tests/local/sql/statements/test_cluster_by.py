"""``CLUSTER BY``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    AFFECTED_ROWS,
    ANY,
    NO_COLUMN,
    Refusal,
    Row,
    check,
    check_refused,
    key_columns,
    row_id,
)

ROWS = [
    Row(
        "CREATE TABLE new (a INT NOT NULL PRIMARY KEY, b STRING) CLUSTER BY (B, a) COMMENT 'near'",
        then={
            "DESCRIBE DETAIL new": [(*[ANY] * 8, ["b", "a"], *[ANY] * 6)],
            "DESCRIBE new": [
                ("a", "int", None),
                ("b", "string", None),
                ("# Clustering Information", "", ""),
                ("# col_name", "data_type", "comment"),
                ("b", "string", None),
                ("a", "int", None),
            ],
            "SHOW TBLPROPERTIES new": [],
            key_columns("new"): [("new_pk", "a", 1)],
        },
    ),
    Row(
        "CREATE TABLE new CLUSTER BY (a) AS SELECT * FROM n",
        AFFECTED_ROWS,
        then={
            "DESCRIBE DETAIL new": [(*[ANY] * 8, ["a"], *[ANY] * 6)],
            "SELECT * FROM new": [(1, "one"), (2, None)],
        },
    ),
    Row(
        "CREATE OR REPLACE TABLE n AS SELECT 1 AS a",
        AFFECTED_ROWS,
        then={"DESCRIBE DETAIL n": [(*[ANY] * 8, [], *[ANY] * 6)]},
        given=("ALTER TABLE n CLUSTER BY (a)",),
    ),
    Row(
        "ALTER TABLE n CLUSTER BY(a, `B`)",
        then={
            "DESCRIBE DETAIL n": [(*[ANY] * 8, ["a", "b"], *[ANY] * 6)],
            "OPTIMIZE n": [ANY],
            "SELECT a FROM n": [(1,), (2,)],
        },
    ),
    Row(
        "ALTER TABLE n CLUSTER BY NONE",
        then={"DESCRIBE DETAIL n": [(*[ANY] * 8, [], *[ANY] * 6)]},
        given=("ALTER TABLE n CLUSTER BY (a)",),
    ),
]
REFUSALS = [
    Refusal("CREATE TABLE new (a INT) CLUSTER BY (b)", NO_COLUMN, "no column 'b' to cluster by"),
    Refusal("CREATE TABLE new CLUSTER BY (c) AS SELECT * FROM n", NO_COLUMN, "It has: a, b"),
    Refusal("CREATE TABLE new (a INT) CLUSTER BY AUTO", None, "runs on Databricks only"),
    Refusal(
        "CREATE TABLE new (a INT, b INT) PARTITIONED BY (a) CLUSTER BY (b)",
        "DELTA_CLUSTER_BY_WITH_PARTITIONED_BY",
        "remove PARTITIONED BY",
    ),
    Refusal("ALTER TABLE n CLUSTER BY (c)", NO_COLUMN, "no column 'c' to cluster by"),
    Refusal("ALTER TABLE n CLUSTER BY AUTO", None, "runs on Databricks only"),
    Refusal(
        "ALTER TABLE n CLUSTER BY (a, a, a, b, b)",
        "DELTA_CLUSTER_BY_INVALID_NUM_COLUMNS",
        "up to 4",
    ),
    Refusal(
        "ALTER TABLE new CLUSTER BY (b)",
        "DELTA_ALTER_TABLE_CLUSTER_BY_ON_PARTITIONED_TABLE_NOT_ALLOWED",
        "new' is one",
        given=("CREATE TABLE new (a INT, b INT) PARTITIONED BY (a)",),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
