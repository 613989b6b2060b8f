"""``INSERT`` into some or all columns."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    AFFECTED_ROWS,
    NO_COLUMN,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

ROWS = [
    Row("INSERT INTO n VALUES (3, 'three'), (4, NULL)", AFFECTED_ROWS, [(2, 2)]),
    Row(
        "INSERT INTO n (b) SELECT b FROM n WHERE a = 1",
        AFFECTED_ROWS,
        [(1, 1)],
        then={"SELECT * FROM n": [(1, "one"), (2, None), (None, "one")]},
    ),
    Row(
        "INSERT INTO {s}.t (TS, `id`) VALUES (TIMESTAMP '2013-01-02', 3), (TIMESTAMP '2013-01-02', 4);",
        AFFECTED_ROWS,
        [(2, 2)],
        then={"SELECT id, x FROM t": [(1, 1.5), (2, 2.5), (3, None), (4, None)]},
    ),
    Row(
        "INSERT OVERWRITE TABLE n (a) WITH c AS (SELECT 7 AS a) SELECT a FROM c",
        AFFECTED_ROWS,
        [(1, 1)],
        then={"SELECT * FROM n": [(7, None)]},
    ),
]
REFUSALS = [
    Refusal(
        "INSERT INTO n VALUES (-1, 'x')",
        None,
        r"\[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES\].*positive",
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
    Refusal("INSERT INTO t (id) VALUES (3)", None, "NOT NULL constraint violated for column: ts"),
    Refusal("INSERT INTO n (a, c) VALUES (3, 4)", NO_COLUMN, "no column 'c'. It has: a, b"),
    Refusal("INSERT INTO n (a, A) VALUES (3, 4)", "COLUMN_ALREADY_EXISTS", "names it twice"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
