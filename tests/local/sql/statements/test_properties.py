"""``TBLPROPERTIES``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import NO_TABLE, Refusal, Row, check, check_refused, row_id

ROWS = [
    Row("SHOW TBLPROPERTIES t", "key value", [("team", "ml")], changes=False),
    Row("SHOW TBLPROPERTIES t ('team')", "key value", [("team", "ml")], changes=False),
    Row(
        "SHOW TBLPROPERTIES t (no.such)",
        "key value",
        [("no.such", "Table {s}.t does not have property: no.such")],
        changes=False,
    ),
    Row(
        "ALTER TABLE t SET TBLPROPERTIES ('quality' = 'gold', delta.enableChangeDataFeed = true)",
        then={
            "SHOW TBLPROPERTIES t": [
                ("delta.enableChangeDataFeed", "true"),
                ("quality", "gold"),
                ("team", "ml"),
            ]
        },
    ),
    Row(
        "ALTER TABLE t SET TBLPROPERTIES ('DELTA.ENABLECHANGEDATAFEED' = 'true')",
        then={"SHOW TBLPROPERTIES t": [("delta.enableChangeDataFeed", "true"), ("team", "ml")]},
    ),
    Row("ALTER TABLE t UNSET TBLPROPERTIES ('team')", then={"SHOW TBLPROPERTIES t": []}),
    Row("ALTER TABLE t UNSET TBLPROPERTIES IF EXISTS ('absent')"),
    Row("ALTER TABLE t UNSET TBLPROPERTIES (team, 'absent')", then={"SHOW TBLPROPERTIES t": []}),
]
REFUSALS = [
    Refusal("SHOW TBLPROPERTIES absent", NO_TABLE, "absent"),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.appendOnly' = 'maybe')",
        "DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
        "expected true or false",
    ),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.nope' = '1')",
        "DELTA_UNKNOWN_CONFIGURATION",
        "delta.nope",
    ),
    Refusal(
        "CREATE TABLE u (a INT) TBLPROPERTIES ('delta.nope' = '1')",
        "DELTA_UNKNOWN_CONFIGURATION",
        "delta.nope",
    ),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.logRetentionDuration' = 'abc')",
        "DELTA_INVALID_INTERVAL",
        "abc is not a valid INTERVAL",
    ),
    Refusal(
        "CREATE TABLE u TBLPROPERTIES ('delta.logRetentionDuration' = 'abc') AS SELECT 1 AS a",
        "DELTA_INVALID_INTERVAL",
        "abc is not a valid INTERVAL",
    ),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.constraints.c' = 'x > 0')",
        "DELTA_ADD_CONSTRAINTS",
        "ADD CONSTRAINT",
    ),
    Refusal(
        "ALTER TABLE t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        "DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
        "on Databricks",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


@pytest.mark.parametrize("written", ["delta.enableChangeDataFeed = true", "'delta.enableChangeDataFeed' = 'true'"])  # fmt: skip
@pytest.mark.parametrize("when", ["at creation", "with a key", "later"])
def test_table_with_change_data_feed_can_be_written(spark, schema, written, when):
    """The engine refuses to write a table with Delta's property: the table stores it under another name."""
    properties, key = f" TBLPROPERTIES ({written})", ", PRIMARY KEY (id)"
    columns = "id INT NOT NULL, x DOUBLE" + (key if when == "with a key" else "")
    spark.sql(f"CREATE TABLE t ({columns}) USING delta{'' if when == 'later' else properties}")
    if when == "later":
        assert not spark.unity.table(spark.resolve("t")).change_data_feed
        spark.sql(f"ALTER TABLE t SET TBLPROPERTIES ({written})")
    assert spark.unity.table(spark.resolve("t")).change_data_feed
    shown = [tuple(row) for row in spark.sql("SHOW TBLPROPERTIES t").collect()]
    assert shown == [("delta.enableChangeDataFeed", "true")]
    spark.sql("INSERT INTO t VALUES (1, 1.5), (2, 2.5)")
    spark.sql("UPDATE t SET x = 3.5 WHERE id = 1")
    spark.sql("DELETE FROM t WHERE id = 2")
    assert [tuple(row) for row in spark.table("t").collect()] == [(1, 3.5)]
