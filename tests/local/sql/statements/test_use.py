"""``USE`` and ``SET``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_CATALOG,
    NO_SCHEMA,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

ROWS = [
    Row("USE {s}", then={"SELECT current_catalog(), current_database()": [("main", "{schema}")]}),
    Row("USE SCHEMA default", then={"SELECT current_database()": [("default",)]}),
    Row(
        "USE CATALOG dev",
        then={"SELECT current_catalog(), current_database()": [("dev", "default")]},
    ),
    Row("SET CATALOG `dev`", then={"SELECT current_catalog()": [("dev",)]}),
    Row("USE dev", then={"SELECT current_catalog()": [("dev",)]}),
    Row("USE DATABASE dev.default", then={"SELECT current_catalog()": [("dev",)]}),
    Row("SET spark.lakelab.test = 1", "key value", [("spark.lakelab.test", "1")]),
    Row("SET spark.lakelab.absent", "key value", [("spark.lakelab.absent", "<undefined>")]),
]
REFUSALS = [
    Refusal("USE main.absent", NO_SCHEMA, "'main.absent' does not exist"),
    Refusal("USE absent", NO_SCHEMA, "'main.absent' does not exist"),
    Refusal("USE SCHEMA dev", NO_SCHEMA, "'main.dev' does not exist"),
    Refusal("USE CATALOG absent", NO_CATALOG, "There are: dev"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
