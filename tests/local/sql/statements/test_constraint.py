"""Constraints of ``ALTER TABLE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
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
        "ALTER TABLE n ADD CONSTRAINT n_pk PRIMARY KEY (a)",
        then={key_columns("n"): [("n_pk", "a", 1)]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row(
        "ALTER TABLE n ADD PRIMARY KEY (A)",
        then={key_columns("n"): [("n_pk", "a", 1)]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row("ALTER TABLE t DROP CONSTRAINT T_PK", then={key_columns("t"): []}),
    Row("ALTER TABLE t DROP CONSTRAINT IF EXISTS t_pk CASCADE", then={key_columns("t"): []}),
    Row("ALTER TABLE t DROP PRIMARY KEY", then={key_columns("t"): []}),
    Row("ALTER TABLE n DROP PRIMARY KEY IF EXISTS"),
    Row("ALTER TABLE n DROP CONSTRAINT IF EXISTS absent"),
    Row(
        "ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",
        then={
            "SELECT constraint_name, constraint_type, enforced FROM "
            "information_schema.table_constraints WHERE table_name = 'n'": [
                ("positive", "CHECK", "YES")
            ]
        },
    ),
    Row(
        "ALTER TABLE n DROP CONSTRAINT positive",
        then={"SELECT count(*) FROM n WHERE a < 0": [(0,)], "SHOW TBLPROPERTIES n": []},
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
]
REFUSALS = [
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT k PRIMARY KEY (a)", None, "`a` is nullable.*SET NOT NULL"
    ),
    Refusal(
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (id)", None, "already has.*'t_pk'.*Drop it"
    ),
    Refusal("ALTER TABLE n ADD PRIMARY KEY (c)", NO_COLUMN, "no column 'c'. It has: a, b"),
    Refusal("ALTER TABLE n DROP PRIMARY KEY", None, "no primary key"),
    Refusal(
        "ALTER TABLE t DROP CONSTRAINT other",
        "DELTA_CONSTRAINT_DOES_NOT_EXIST",
        "nonexistent constraint other.*it has `t_pk`",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT big CHECK (a > 1)",
        "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
        r"1 rows in .*violate the new CHECK constraint \(a > 1\)",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT Positive CHECK (a > 1)",
        "DELTA_CONSTRAINT_ALREADY_EXISTS",
        r"'Positive' already exists.*\n.*\na > 0",
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id)",
        None,
        "not kept on a laptop",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
