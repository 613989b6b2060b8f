"""``ANALYZE TABLE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

ROWS = [
    Row("ANALYZE TABLE n COMPUTE STATISTICS", changes=False),
    Row("ANALYZE TABLE {s}.n COMPUTE DELTA STATISTICS NOSCAN", changes=False),
    Row("ANALYZE TABLE n PARTITION (a = 1) COMPUTE STATISTICS", changes=False),
    Row("ANALYZE TABLE n COMPUTE STATISTICS FOR COLUMNS a, B", changes=False),
    Row("ANALYZE TABLE n COMPUTE STATISTICS FOR ALL COLUMNS", changes=False),
    Row("ANALYZE TABLES IN {s} COMPUTE STATISTICS NOSCAN", changes=False),
]
REFUSALS = [
    Refusal("ANALYZE TABLE absent COMPUTE STATISTICS", NO_TABLE, "absent"),
    Refusal("ANALYZE TABLES IN absent COMPUTE STATISTICS", NO_SCHEMA, "absent"),
    Refusal("ANALYZE TABLE n COMPUTE STATISTICS FOR COLUMNS a, c", "COLUMN_NOT_FOUND", "`c`.*a, b"),
    Refusal("ANALYZE TABLE n", "PARSE_SYNTAX_ERROR", "expected COMPUTE"),
    Refusal(
        "ANALYZE TABLE v COMPUTE STATISTICS",
        "UNSUPPORTED_FEATURE.ANALYZE_VIEW",
        "views",
        given=("CREATE VIEW v AS SELECT 1 AS x",),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
