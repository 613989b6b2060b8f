"""``ALTER TABLE ... ALTER COLUMN``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    ALLOW_DEFAULTS,
    ANY,
    NO_COLUMN,
    Refusal,
    Row,
    check,
    check_refused,
    nullable_columns,
    row_id,
)

ROWS = [
    Row(
        "ALTER TABLE n ALTER COLUMN a SET NOT NULL",
        then={nullable_columns("n"): [("a", "NO"), ("b", "YES")]},
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN a DROP NOT NULL",
        then={nullable_columns("n"): [("a", "YES"), ("b", "YES")]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN b COMMENT 'the b'",
        then={"DESCRIBE n": [("a", "int", None), ("b", "string", "the b")]},
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN a COMMENT 'the a', `b` COMMENT 'the b'",
        then={"DESCRIBE n": [("a", "int", "the a"), ("b", "string", "the b")]},
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN b SET DEFAULT concat('no', 'ne')",
        then={
            "SELECT column_name, column_default FROM information_schema.columns "
            "WHERE table_schema = '{schema}' AND table_name = 'n'": [
                ("a", None),
                ("b", "concat('no', 'ne')"),
            ],
            "INSERT INTO n (a) VALUES (3)": [(1, 1)],
            "INSERT INTO n VALUES (4, DEFAULT)": [(1, 1)],
            "SELECT * FROM n WHERE a > 2": [(3, "none"), (4, "none")],
            "OPTIMIZE n": [ANY],
        },
        given=(ALLOW_DEFAULTS,),
        keeps_text=True,
    ),
    Row(
        "ALTER TABLE n ALTER COLUMN b DROP DEFAULT",
        then={
            "INSERT INTO n (a) VALUES (3)": [(1, 1)],
            "SELECT b FROM n WHERE a > 2": [(None,)],
        },
        given=(ALLOW_DEFAULTS, "ALTER TABLE n ALTER COLUMN b SET DEFAULT 'none'"),
    ),
]
REFUSALS = [
    Refusal(
        "ALTER TABLE n ALTER COLUMN b SET NOT NULL", "DELTA_NEW_NOT_NULL_VIOLATION", "1 of its rows"
    ),
    Refusal("ALTER TABLE t ALTER COLUMN id DROP NOT NULL", None, "primary key `t_pk` has it"),
    Refusal(
        "ALTER TABLE t ALTER COLUMN y COMMENT 'no'", NO_COLUMN, "no column 'y'. It has: id, ts, x"
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN a COMMENT 'yes', y COMMENT 'no'", NO_COLUMN, "no column 'y'"
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN b SET DEFAULT 'none'",
        "WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED",
        "ALTER TABLE main.*n SET TBLPROPERTIES",
    ),
    Refusal(
        "ALTER TABLE n ALTER COLUMN a SET DEFAULT 'none'",
        "INVALID_DEFAULT_VALUE.UNRESOLVED_EXPRESSION",
        "`a` with type INT has a DEFAULT value 'none'",
        given=(ALLOW_DEFAULTS,),
    ),
    Refusal("ALTER TABLE n ALTER COLUMN a TYPE STRING", None, "type widening"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
