"""``CACHE TABLE``, ``UNCACHE TABLE``, ``CLEAR CACHE`` and ``REFRESH TABLE``."""

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

TEMPORARY = "CREATE OR REPLACE TEMPORARY VIEW kept AS SELECT 1 AS x"
ROWS = [
    Row("CACHE TABLE n", changes=False),
    Row("CACHE LAZY TABLE {s}.n OPTIONS ('storageLevel' = 'DISK_ONLY')", changes=False),
    Row("CACHE TABLE kept", given=(TEMPORARY,), then={"DROP VIEW kept": []}),
    Row("UNCACHE TABLE n", changes=False),
    Row("UNCACHE TABLE IF EXISTS absent", changes=False),
    Row("CLEAR CACHE", changes=False),
    Row("REFRESH TABLE n", changes=False),
    Row("REFRESH kept", given=(TEMPORARY,), then={"DROP VIEW kept": []}),
    Row(
        "CACHE TABLE cached AS SELECT a FROM n",
        given=("DROP VIEW IF EXISTS cached",),
        then={"SELECT * FROM cached": [(1,), (2,)], "DROP VIEW cached": []},
    ),
]
REFUSALS = [
    Refusal("CACHE TABLE absent", NO_TABLE, "absent"),
    Refusal("UNCACHE TABLE absent", NO_TABLE, "absent"),
    Refusal("REFRESH TABLE absent", NO_TABLE, "absent"),
    Refusal("CACHE TABLE v AS DROP TABLE n", "PARSE_SYNTAX_ERROR", "expected a query"),
    Refusal("CACHE TABLE v AS SELECT c FROM absent", NO_TABLE, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
