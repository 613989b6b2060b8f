"""``ALTER TABLE ... ADD COLUMNS``."""

from __future__ import annotations

import pytest
from pyspark.errors import ParseException

from tests.local.sql.statement_rows import NO_COLUMN, Refusal, Row, check, check_refused, row_id

ROWS = [
    Row(
        "ALTER TABLE n ADD COLUMN c DOUBLE COMMENT 'the c'",
        then={
            "DESCRIBE n": [("a", "int", None), ("b", "string", None), ("c", "double", "the c")],
            "SELECT * FROM n": [(1, "one", None), (2, None, None)],
        },
    ),
    Row(
        "ALTER TABLE n ADD COLUMNS (c DECIMAL(9,2) AFTER a, d STRUCT<q: BIGINT, r: ARRAY<STRING>> FIRST)",
        then={
            "DESCRIBE n": [
                ("d", "struct<q:bigint,r:array<string>>", None),
                ("a", "int", None),
                ("c", "decimal(9,2)", None),
                ("b", "string", None),
            ]
        },
    ),
    Row(
        "ALTER TABLE n ADD COLUMNS (s.b STRING COMMENT 'new' AFTER a, s.t.y INT FIRST, r.element.q INT, e INT)",
        then={
            "DESCRIBE n": [
                ("a", "int", None),
                ("b", "string", None),
                ("s", "struct<a:int,b:string,t:struct<y:int,x:int>>", None),
                ("r", "array<struct<p:int,q:int>>", None),
                ("e", "int", None),
            ],
            "INSERT INTO n SELECT 4 AS a, 'four' AS b, named_struct('a', 4, 'b', 'b', 't', "
            "named_struct('y', 4, 'x', 4)) AS s, NULL AS r, 4 AS e": [(1, 1)],
            "SELECT a, s.a, s.b, s.t.x, s.t.y, e FROM n": [
                (1, None, None, None, None, None),
                (2, None, None, None, None, None),
                (3, 3, None, 3, None, None),
                (4, 4, "b", 4, 4, 4),
            ],
            "UPDATE n SET b = 'x' WHERE a = 3": [(1,)],
            "SELECT s.a, s.b, s.t.x, s.t.y, r FROM n WHERE a = 3": [(3, None, 3, None, None)],
        },
        given=(
            "ALTER TABLE n ADD COLUMNS (s STRUCT<a: INT, t: STRUCT<x: INT>>, r ARRAY<STRUCT<p: INT>>)",
            "INSERT INTO n SELECT 3, 'three', named_struct('a', 3, 't', named_struct('x', 3)), NULL",
        ),
    ),
    Row(
        "ALTER TABLE n ADD COLUMN IF NOT EXISTS A STRING",
        then={"SHOW COLUMNS IN n": [("a",), ("b",)]},
    ),
]
REFUSALS = [
    Refusal("ALTER TABLE t ADD COLUMN X INT", "FIELD_ALREADY_EXISTS", "`X` already exists"),
    Refusal(
        "ALTER TABLE n ADD COLUMNS (y INT, Y INT)", "COLUMN_ALREADY_EXISTS", "`y` already exists"
    ),
    Refusal("ALTER TABLE n ADD COLUMNS (absent.y INT)", NO_COLUMN, "no column 'absent'"),
    Refusal("ALTER TABLE n ADD COLUMNS (a.y INT)", "INVALID_FIELD_NAME", "`a` is not a struct"),
    Refusal(
        "ALTER TABLE n ADD COLUMNS (`two words` INT)",
        "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
        "Invalid column names: two words",
    ),
    Refusal(
        "ALTER TABLE n ADD COLUMN c STRUCT<x: INT, X: INT>", "COLUMN_ALREADY_EXISTS", "`x` already"
    ),
    Refusal("ALTER TABLE n ADD COLUMN c INT AFTER y", NO_COLUMN, "no column 'y'"),
    Refusal(
        "ALTER TABLE n ADD COLUMN c INT NOT NULL", None, "cannot be added as NOT NULL.*fill it"
    ),
    Refusal("ALTER TABLE n ADD COLUMN c INT DEFAULT 1", None, "not 'DEFAULT 1'", ParseException),
    Refusal("ALTER TABLE n ADD COLUMN c TIMESTAMP_NTZ", None, "Take TIMESTAMP"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
