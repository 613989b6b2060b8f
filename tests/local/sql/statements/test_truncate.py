"""``TRUNCATE TABLE`` and ``REFRESH TABLE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import NO_TABLE, Refusal, Row, check, check_refused, row_id

ROWS = [
    Row("TRUNCATE TABLE n", then={"SELECT a FROM n": [], "SELECT count(*) FROM t": [(2,)]}),
    Row("REFRESH TABLE n"),
]
REFUSALS = [
    Refusal("TRUNCATE TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("REFRESH TABLE absent", NO_TABLE, "has: n, t"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
