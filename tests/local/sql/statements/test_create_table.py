"""``CREATE TABLE`` without a query."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from tests.local.sql.statement_rows import (
    INVALID,
    NO_SCHEMA,
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
        "CREATE TABLE new (id BIGINT NOT NULL PRIMARY KEY, x DOUBLE COMMENT 'the x') COMMENT 'it\\'s new' "
        "TBLPROPERTIES ('quality' = 'gold')",
        then={
            "DESCRIBE new": [("id", "bigint", None), ("x", "double", "the x")],
            key_columns("new"): [("new_pk", "id", 1)],
            nullable_columns("new"): [("id", "NO"), ("x", "YES")],
            table_comment("new"): [("it's new",)],
            "SHOW TBLPROPERTIES new": [("quality", "gold")],
        },
    ),
    Row(
        "CREATE TABLE IF NOT EXISTS t (other STRING)",
        then={"SHOW COLUMNS IN t": [("id",), ("ts",), ("x",)]},
    ),
    Row(
        "CREATE OR REPLACE TABLE t (a INT NOT NULL, b STRING COMMENT 'b', CONSTRAINT k PRIMARY KEY (a)) "
        "TBLPROPERTIES ('quality' = 'gold')",
        then={
            "SELECT * FROM t": [],
            key_columns("t"): [("k", "a", 1)],
            nullable_columns("t"): [("a", "NO"), ("b", "YES")],
            "SHOW TBLPROPERTIES t": [("quality", "gold")],
            "SELECT count(*) FROM t VERSION AS OF 2": [(2,)],
        },
    ),
    Row(
        "CREATE TABLE new (a INT, b DOUBLE NOT NULL DEFAULT 0.5 COMMENT 'half') "
        "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
        then={
            "INSERT INTO new (a) SELECT a FROM n": [(2, 2)],
            "SELECT * FROM new": [(1, 0.5), (2, 0.5)],
            "ALTER TABLE new SET TBLPROPERTIES ('team' = 'ml')": [],
            "SHOW TBLPROPERTIES new ('team')": [("team", "ml")],
        },
    ),
]
REFUSALS = [
    Refusal("CREATE TABLE new (x INT, X INT)", "COLUMN_ALREADY_EXISTS", "`x` already exists"),
    Refusal(
        "CREATE OR REPLACE TABLE t (s STRUCT<x: INT, X: INT>)",
        "COLUMN_ALREADY_EXISTS",
        "`x` already",
    ),
    Refusal(
        "CREATE TABLE new (m MAP<STRING, ARRAY<STRUCT<`a b`: INT>>>)",
        "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
        "names: a b",
    ),
    Refusal(
        "CREATE OR REPLACE TABLE t (`a,b` INT)",
        "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
        "names: a,b",
    ),
    Refusal("CREATE TABLE new AS SELECT 1 AS x, 2 AS X", "COLUMN_ALREADY_EXISTS", "`x` already"),
    Refusal(
        "CREATE OR REPLACE TABLE t AS SELECT 1 AS `a b`",
        "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
        "names: a b",
    ),
    Refusal("CREATE TABLE t (id INT)", "TABLE_OR_VIEW_ALREADY_EXISTS", "already exists"),
    Refusal("CREATE TABLE absent.t (id INT)", NO_SCHEMA, "CREATE SCHEMA main.absent"),
    Refusal(
        "CREATE TABLE `two words` (id INT)",
        INVALID,
        "'two words' must have.*no period, slash, space",
    ),
    Refusal("CREATE TABLE `größe` (id INT)", None, "letters without accents"),
    Refusal(
        "CREATE TABLE new (a INT) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
        "DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
        "not supported on a laptop",
    ),
    Refusal(
        "CREATE TABLE new (a INT DEFAULT 1)",
        "WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED",
        "SET TBLPROPERTIES.'delta.feature.allowColumnDefaults' = 'supported'",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE OR REPLACE TABLE t (`a b` INT)",
        "CREATE OR REPLACE TABLE t (a INT) TBLPROPERTIES ('delta.nope' = '1')",
        "CREATE OR REPLACE TABLE t AS SELECT absent AS a",
        "CREATE OR REPLACE TABLE t (a INT, CONSTRAINT c CHECK (a > 0))",
    ],
)
def test_a_refused_replacement_commits_nothing(spark, schema, statement):
    spark.sql("CREATE TABLE t (id INT NOT NULL)")
    spark.sql("ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0)")
    table = spark.unity.table(spark.resolve("t"))
    with pytest.raises(PySparkException):
        spark.sql(statement)
    assert spark.unity.table(table.name).version == table.version
