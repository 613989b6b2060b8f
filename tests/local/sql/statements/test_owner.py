"""``ALTER ... OWNER TO``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import BEN, Row, check, row_id

ROWS = [
    Row(
        "ALTER TABLE t SET OWNER TO `ben@example.com`",
        then={
            "SELECT table_owner FROM information_schema.tables WHERE table_name = 't' "
            "AND table_schema = '{schema}'": [(BEN,)]
        },
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)
