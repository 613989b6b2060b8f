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
ROWS += [
    Row("INSERT INTO n BY NAME SELECT 'x' AS B, 9 AS a", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n WHERE a = 9": [(9, "x")]}),
    Row("INSERT INTO n BY NAME SELECT 'x' AS b", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n WHERE b = 'x'": [(None, "x")]}),
    Row("INSERT OVERWRITE n BY NAME SELECT b, a FROM n WHERE a = 1", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n": [(1, "one")]}),
    Row("INSERT INTO n BY NAME SELECT * FROM n", AFFECTED_ROWS, [(2, 2)],
        then={"SELECT a FROM n": [(1,), (1,), (2,), (2,)]}),
    Row("INSERT INTO n (a) SELECT 7 AS b", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n WHERE a = 7": [(7, None)]}),
    Row("INSERT INTO n SELECT 7 AS c, '7' AS c", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n WHERE a = 7": [(7, "7")]}),
    Row("INSERT INTO n SELECT 7, 7 UNION ALL SELECT 8, 8", AFFECTED_ROWS, [(2, 2)],
        then={"SELECT * FROM n WHERE a > 6": [(7, "7"), (8, "8")]}),
    Row("INSERT INTO n (b, a) SELECT a, a FROM n WHERE a = 1", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT b FROM n WHERE a = 1": [("one",), ("1",)]}),
    Row("INSERT INTO n (a) VALUES (5) -- five", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n WHERE a = 5": [(5, None)]}),
    Row("insert /* all */ into\n{s}.n (a) -- some\nvalues (5), (6);", AFFECTED_ROWS, [(2, 2)]),
    Row("INSERT INTO n (a) VALUES (DEFAULT), (6)", AFFECTED_ROWS, [(2, 2)],
        then={"SELECT a FROM n WHERE b IS NULL": [(2,), (None,), (6,)]}),
    Row("INSERT INTO n VALUES (5, DEFAULT), (DEFAULT, 'd')", AFFECTED_ROWS, [(2, 2)],
        then={"SELECT * FROM n WHERE a = 5 OR b = 'd'": [(5, None), (None, "d")]}),
    Row("INSERT OVERWRITE n VALUES (9, 'nine')", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT * FROM n": [(9, "nine")]}),
]  # fmt: skip
MANY, FEW = (f"INSERT_COLUMN_ARITY_MISMATCH.{n}_DATA_COLUMNS" for n in ("TOO_MANY", "NOT_ENOUGH"))
REFUSALS = [
    Refusal(
        "INSERT INTO n VALUES (1)", "DELTA_INSERT_COLUMN_ARITY_MISMATCH", "has 2 column.*has 1"
    ),
    Refusal(
        "INSERT INTO n SELECT 1", "DELTA_INSERT_COLUMN_ARITY_MISMATCH", "not enough data columns"
    ),
    Refusal("INSERT INTO n VALUES (1, 'a', 2)", "DELTA_METADATA_MISMATCH", "has 2 column.*has 3"),
    Refusal("INSERT INTO n SELECT 1, 'a', 2", "DELTA_METADATA_MISMATCH", "has 2 column.*has 3"),
    Refusal("INSERT INTO n (a, b) VALUES (1)", FEW, "not enough data columns"),
    Refusal("INSERT INTO n (a) SELECT 1, 2", MANY, "too many data columns.*`a`[.]"),
    Refusal(
        "INSERT INTO n BY NAME SELECT 1 AS a, 2 AS c",
        "DELTA_METADATA_MISMATCH",
        "no column `c`",
    ),
    Refusal(
        "INSERT INTO n VALUES (-1, 'x')",
        "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES",
        "positive",
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
    Refusal(
        "INSERT INTO t (id) VALUES (3)",
        "DELTA_INSERT_COLUMN_MISMATCH",
        "`ts` is not specified in INSERT",
    ),
    Refusal("INSERT INTO n (a, c) VALUES (3, 4)", NO_COLUMN, "no column 'c'. It has: a, b"),
    Refusal("INSERT INTO n (a, A) VALUES (3, 4)", "COLUMN_ALREADY_EXISTS", "names it twice"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
