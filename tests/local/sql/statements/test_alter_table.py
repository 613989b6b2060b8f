"""``ALTER TABLE``: the table's name, and columns that need column mapping."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    ANY,
    BEN,
    INVALID,
    NO_COLUMN,
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
        "ALTER TABLE n RENAME TO m",
        then={
            "SELECT * FROM m": [(1, "one"), (2, None)],
            "SHOW TABLES": [(ANY, "m", False), (ANY, "t", False)],
            "SHOW GRANTS ON TABLE m": [(BEN, "SELECT", "TABLE", "{s}.m")],
            TAGS: [("kept", "yes")],
        },
        given=(
            "ALTER TABLE n SET TAGS ('kept' = 'yes')",
            f"GRANT SELECT ON TABLE n TO `{BEN}`",
        ),
    ),
    Row("ALTER TABLE {s}.n RENAME TO {s}.`m`", then={"SELECT a FROM m": [(1,), (2,)]}),
]
REFUSALS = [
    Refusal("ALTER TABLE absent RENAME TO m", NO_TABLE, "has: n, t"),
    Refusal("ALTER TABLE n RENAME TO t", "TABLE_OR_VIEW_ALREADY_EXISTS", "already exists"),
    Refusal("ALTER TABLE n RENAME TO main.default.n", None, "renamed within its schema"),
    Refusal("ALTER TABLE n RENAME TO `two words`", INVALID, "'two words' must have"),
    Refusal(
        "ALTER TABLE n RENAME COLUMN a TO c",
        "DELTA_UNSUPPORTED_RENAME_COLUMN",
        "Column Mapping.*laptop",
    ),
    Refusal("ALTER TABLE n RENAME COLUMN c TO d", NO_COLUMN, "no column 'c'"),
    Refusal(
        "ALTER TABLE n DROP COLUMN a", "DELTA_UNSUPPORTED_DROP_COLUMN", "Column Mapping.*laptop"
    ),
    Refusal("ALTER TABLE n DROP COLUMNS (a, c)", NO_COLUMN, "no column 'c'"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
