"""``SET TAGS`` and ``UNSET TAGS``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    COLUMN_TAGS,
    INVALID,
    NO_COLUMN,
    NO_SCHEMA,
    NO_TABLE,
    TAGS,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

ROWS = [
    Row(
        "ALTER TABLE t SET TAGS ('team' = 'data, science', 'pii')",
        then={TAGS: [("pii", ""), ("team", "data, science")]},
    ),
    Row(
        "ALTER TABLE {s}.t UNSET TAGS ('pii', 'absent')",
        then={TAGS: [("team", "ops")]},
        given=("ALTER TABLE t SET TAGS ('team' = 'ops', 'pii' = 'no')",),
    ),
    Row(
        "ALTER TABLE t ALTER COLUMN x SET TAGS ('unit' = 'F')",
        then={COLUMN_TAGS: [("x", "unit", "F")]},
    ),
    Row(
        "ALTER TABLE t ALTER COLUMN X UNSET TAGS ('unit')",
        then={COLUMN_TAGS: []},
        given=("ALTER TABLE t ALTER COLUMN x SET TAGS ('unit' = 'F')",),
    ),
    Row("ALTER SCHEMA {s} SET TAGS ('team' = 'ops')"),
    Row("ALTER SCHEMA {s} UNSET TAGS ('team')"),
]
REFUSALS = [
    Refusal("ALTER TABLE t SET TAGS (' a ' = 'b')", INVALID, "space at its ends"),
    Refusal("ALTER TABLE absent SET TAGS ('a' = 'b')", NO_TABLE, "absent.*has: n, t"),
    Refusal("ALTER TABLE t SET TAGS ('a.b' = 'c')", INVALID, "'a.b' = 'c' is not a valid tag"),
    Refusal("ALTER TABLE t ALTER COLUMN y SET TAGS ('a' = 'b')", NO_COLUMN, "no column 'y'"),
    Refusal("ALTER SCHEMA main.absent SET TAGS ('a' = 'b')", NO_SCHEMA, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
