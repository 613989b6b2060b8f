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
        "ALTER TABLE n ADD COLUMN IF NOT EXISTS A STRING",
        then={"SHOW COLUMNS IN n": [("a",), ("b",)]},
    ),
]
REFUSALS = [
    Refusal("ALTER TABLE t ADD COLUMN X INT", "FIELD_ALREADY_EXISTS", "`X` already exists"),
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
