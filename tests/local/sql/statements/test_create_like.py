"""``CREATE TABLE ... LIKE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    key_columns,
    nullable_columns,
    row_id,
    table_comment,
)

ROWS = [
    Row(
        "CREATE TABLE c LIKE t",
        then={
            "DESCRIBE c": [
                ("id", "bigint", "which"),
                ("ts", "timestamp", None),
                ("x", "double", None),
            ],
            "SELECT * FROM c": [],
            "SHOW TBLPROPERTIES c": [("team", "ml")],
            table_comment("c"): [("about t",)],
            nullable_columns("c"): [("id", "NO"), ("ts", "NO"), ("x", "YES")],
            key_columns("c"): [],
            "INSERT INTO c VALUES (1, TIMESTAMP '2024-01-01', 1.5)": [(1, 1)],
            "SELECT x FROM c": [(1.5,)],
            "SELECT count(*) FROM t": [(2,)],
        },
    ),
    Row(
        "CREATE TABLE IF NOT EXISTS main.{schema}.c LIKE n TBLPROPERTIES ('team' = 'ops')",
        then={
            "SHOW TBLPROPERTIES c": [
                ("delta.feature.allowColumnDefaults", "supported"),
                ("team", "ops"),
            ],
            "INSERT INTO c (a) VALUES (1)": [(1, 1)],
            "SELECT * FROM c": [(1, "none")],
        },
        given=(
            "ALTER TABLE n SET TBLPROPERTIES ('team' = 'ml', "
            "'delta.feature.allowColumnDefaults' = 'supported')",
            "ALTER TABLE n ALTER COLUMN b SET DEFAULT 'none'",
        ),
    ),
    Row("CREATE TABLE IF NOT EXISTS n LIKE t", then={"SHOW COLUMNS IN n": [("a",), ("b",)]}),
    Row(
        "CREATE TABLE c LIKE p",
        then={
            "INSERT INTO c VALUES (1, 'x')": [(1, 1)],
            "SELECT `a-b` FROM c": [(1,)],
        },
        given=(
            "CREATE TABLE p (`a-b` INT, g STRING) PARTITIONED BY (g)",
            "ALTER TABLE p ADD CONSTRAINT c CHECK (`a-b` > 0)",
        ),
    ),
]
REFUSALS = [
    Refusal("CREATE TABLE n LIKE t", "TABLE_OR_VIEW_ALREADY_EXISTS", "already exists"),
    Refusal("CREATE TABLE c LIKE absent", NO_TABLE, "absent"),
    Refusal(
        "CREATE TABLE c LIKE n TBLPROPERTIES ('delta.nope' = '1')",
        "DELTA_UNKNOWN_CONFIGURATION",
        "delta.nope",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_partitioning_and_constraints_are_copied(spark, schema):
    spark.sql("CREATE TABLE p (`a-b` INT, g STRING) PARTITIONED BY (g)")
    spark.sql("ALTER TABLE p ADD CONSTRAINT c CHECK (`a-b` > 0)")
    spark.sql("CREATE TABLE q LIKE p")
    table = spark.unity.table(spark.resolve("q"))
    assert table.delta.metadata().partition_columns == ["g"]
    assert table.checks == {"c": "`a-b` > 0"}
    with pytest.raises(Exception, match="DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"):
        spark.sql("INSERT INTO q VALUES (-1, 'x')")
