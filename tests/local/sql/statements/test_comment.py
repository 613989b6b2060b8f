"""``COMMENT ON``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    ANY,
    NO_CATALOG,
    NO_COLUMN,
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
    table_comment,
)

ROWS = [
    Row("COMMENT ON TABLE t IS 'it\\'s \"new\"'", then={table_comment("t"): [('it\'s "new"',)]}),
    Row("COMMENT ON TABLE t IS NULL", then={table_comment("t"): [(None,)]}),
    Row(
        "COMMENT ON COLUMN t.x IS 'degrees'",
        then={"DESCRIBE t x": [("col_name", "x"), ("data_type", "double"), ("comment", "degrees")]},
    ),
    Row(
        "COMMENT ON COLUMN {s}.t.id IS NULL",
        then={"DESCRIBE t id": [("col_name", "id"), ("data_type", "bigint"), ("comment", "NULL")]},
    ),
    Row(
        "COMMENT ON SCHEMA {s} IS 'ours'",
        then={"DESCRIBE SCHEMA {s}": [ANY, ANY, ("Comment", "ours"), ANY, ANY]},
    ),
    Row(
        "COMMENT ON DATABASE {schema} IS NULL",
        then={"DESCRIBE SCHEMA {s}": [ANY, ANY, ("Comment", ""), ANY, ANY]},
        given=("COMMENT ON SCHEMA {s} IS 'ours'",),
    ),
    Row("COMMENT ON CATALOG dev IS NULL"),
]
REFUSALS = [
    Refusal("COMMENT ON TABLE absent IS 'x'", NO_TABLE, "absent"),
    Refusal("COMMENT ON COLUMN t.y IS 'x'", NO_COLUMN, "It has: id, ts, x"),
    Refusal("COMMENT ON COLUMN y IS 'x'", None, "does not say of which table"),
    Refusal("COMMENT ON SCHEMA main.absent IS 'x'", NO_SCHEMA, "absent"),
    Refusal("COMMENT ON CATALOG absent IS 'x'", NO_CATALOG, "There are: dev"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
