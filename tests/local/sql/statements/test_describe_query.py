"""``DESCRIBE QUERY``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

COLUMNS = "col_name data_type comment"
N = [("a", "int", None), ("b", "string", None)]
ROWS = [
    Row("DESCRIBE QUERY SELECT * FROM n", COLUMNS, N, changes=False),
    Row("DESCRIBE SELECT a, b FROM {s}.n", COLUMNS, N, changes=False),
    Row(
        "DESC WITH c AS (SELECT array(1) AS x) SELECT * FROM c",
        COLUMNS,
        [("x", "array<int>", None)],
        changes=False,
    ),
    Row("DESCRIBE VALUES (1, 'x') AS v(k, l)", COLUMNS, [("k", "int", None), ("l", "string", None)],
        changes=False),
    Row("DESCRIBE QUERY SELECT raise_error('no') AS x", COLUMNS, None, changes=False),
]  # fmt: skip
REFUSALS = [
    Refusal("DESCRIBE QUERY SELECT * FROM absent", NO_TABLE, "absent"),
    Refusal("DESCRIBE QUERY DROP TABLE n", "PARSE_SYNTAX_ERROR", "expected a query"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
