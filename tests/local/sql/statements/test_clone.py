"""``CREATE TABLE ... CLONE``."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from lakelab.local.sql.statements import clone
from tests.local.sql.statement_rows import (
    ANY,
    NO_SCHEMA,
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

COLUMNS = (
    "source_table_size source_num_of_files num_removed_files num_copied_files removed_files_size "
    "copied_files_size"
)
IDS = "SELECT id, x FROM c"
ROWS = [
    Row(
        "CREATE TABLE c DEEP CLONE t",
        COLUMNS,
        [(ANY, 2, 0, 2, 0, ANY)],
        then={
            IDS: [(1, 1.5), (2, 2.5)],
            nullable_columns("c"): [("id", "NO"), ("ts", "NO"), ("x", "YES")],
            "SHOW TBLPROPERTIES c ('team')": [("team", "ml")],
            table_comment("c"): [(None,)],
            key_columns("c"): [],
            "DELETE FROM c WHERE id = 1": [(1,)],
            "SELECT id FROM t": [(1,), (2,)],
        },
    ),
    Row(
        "CREATE TABLE {s}.c SHALLOW CLONE {s}.t VERSION AS OF 1 TBLPROPERTIES ('team' = 'dev', 'a' = 'b')",
        COLUMNS,
        [(ANY, 1, 0, 0, 0, 0)],
        then={
            IDS: [(1, 1.5)],
            "SHOW TBLPROPERTIES c": [("a", "b"), ("team", "dev")],
            "INSERT INTO c VALUES (3, TIMESTAMP '2013-01-01', NULL)": [(1, 1)],
            "SELECT id FROM c": [(1,), (3,)],
        },
    ),
    Row("CREATE TABLE c CLONE t", COLUMNS, None, then={IDS: [(1, 1.5), (2, 2.5)]}),
    Row("CREATE TABLE IF NOT EXISTS n CLONE t", then={"SELECT a FROM n": [(1,), (2,)]}),
    Row(
        "CREATE OR REPLACE TABLE t CLONE n",
        COLUMNS,
        [(ANY, 1, 2, 1, ANY, ANY)],
        then={
            "SELECT * FROM t": [(1, "one"), (2, None)],
            "SELECT count(*) FROM t VERSION AS OF 2": [(2,)],
            table_comment("t"): [("about t",)],
            key_columns("t"): [],
        },
    ),
    Row(
        "REPLACE TABLE t CLONE t VERSION AS OF 1",
        COLUMNS,
        [(ANY, 1, 1, 0, ANY, 0)],
        then={"SELECT id FROM t": [(1,)]},
    ),
    Row(
        "CREATE OR REPLACE TABLE c CLONE n",
        COLUMNS,
        [(ANY, 1, 0, 0, 0, 0)],
        given=("CREATE TABLE c CLONE n",),
        then={"SELECT a FROM c": [(1,), (2,)]},
    ),
    Row(
        "CREATE TABLE c CLONE p",
        COLUMNS,
        None,
        given=(
            "CREATE TABLE p (x INT, place STRING) PARTITIONED BY (place)",
            "INSERT INTO p VALUES (1, 'a b/c'), (2, NULL)",
            "ALTER TABLE p ADD CONSTRAINT positive CHECK (x > 0)",
            "ALTER TABLE p SET TAGS ('kept' = 'no')",
        ),
        then={
            "SELECT * FROM c WHERE place = 'a b/c' OR place IS NULL": [(1, "a b/c"), (2, None)],
            "SELECT count(*) FROM information_schema.table_tags "
            "WHERE schema_name = '{schema}' AND table_name = 'c'": [(0,)],
        },
    ),
]
REFUSALS = [
    Refusal("CREATE TABLE c CLONE absent", NO_TABLE, "absent"),
    Refusal("CREATE TABLE absent.c CLONE t", NO_SCHEMA, "absent"),
    Refusal("CREATE TABLE n CLONE t", "TABLE_OR_VIEW_ALREADY_EXISTS", "n' already exists"),
    Refusal("REPLACE TABLE c CLONE t", "DELTA_CANNOT_REPLACE_MISSING_TABLE", "CREATE OR REPLACE"),
    Refusal("CREATE TABLE c CLONE t VERSION AS OF 9", "DELTA_VERSION_NOT_FOUND", "version 9"),
    Refusal(
        "CREATE TABLE c CLONE t TIMESTAMP AS OF '2001-01-01'",
        "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION",
        "before the earliest",
    ),
    Refusal(
        "CREATE TABLE c CLONE t TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        "DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
        "Column mapping",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_checks_hold_for_the_clone(spark, fresh_schema):
    spark.sql("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)")
    spark.sql("CREATE TABLE c SHALLOW CLONE n")
    with pytest.raises(PySparkException, match="positive"):
        spark.sql("INSERT INTO c VALUES (-1, 'x')")


def test_a_clone_keeps_its_files_when_the_source_is_dropped(spark, fresh_schema):
    spark.sql("CREATE TABLE c SHALLOW CLONE n")
    history = spark.sql("DESCRIBE HISTORY c").collect()
    assert [(commit["version"], commit["operation"]) for commit in history] == [(0, "CLONE")]
    spark.sql("DROP TABLE n")
    assert spark.table("c").count() == 2


def test_the_clone_at_a_time_is_the_version_of_that_time(spark, fresh_schema):
    first = spark.sql("DESCRIBE HISTORY n").orderBy("version").first()["timestamp"]
    spark.sql(f"CREATE TABLE c CLONE n TIMESTAMP AS OF '{first}'")
    assert spark.table("c").count() == 0


def test_an_interrupted_clone_is_no_table(spark, fresh_schema, monkeypatch):
    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(clone, "commit_version", fail)
    with pytest.raises(KeyboardInterrupt):
        spark.sql("CREATE TABLE c CLONE n")
    monkeypatch.undo()
    assert not spark.catalog.tableExists("c")
    spark.sql("CREATE TABLE c CLONE n")
    assert spark.table("c").count() == 2


def test_a_source_without_its_files_is_refused(spark, fresh_schema):
    table = spark.unity.table(spark.resolve("n"))
    for file in table.path.glob("*.parquet"):
        file.unlink()
    with pytest.raises(PySparkException, match="are gone, removed by VACUUM") as refused:
        spark.sql("CREATE TABLE c CLONE n")
    assert refused.value.getCondition() == "DELTA_CLONE_UNSUPPORTED_SOURCE"
