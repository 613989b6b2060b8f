"""``SHOW CATALOGS``, ``SCHEMAS``, ``TABLES``, ``VIEWS`` and ``COLUMNS``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_CATALOG,
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

ROWS = [
    Row("SHOW CATALOGS LIKE 'm*|DEV'", "catalog", [("dev",), ("main",)], changes=False),
    Row("SHOW SCHEMAS IN main LIKE '{schema}'", "databaseName", [("{schema}",)], changes=False),
    Row("SHOW DATABASES FROM dev 'i*'", "databaseName", [("information_schema",)], changes=False),
    Row(
        "SHOW TABLES",
        "database tableName isTemporary",
        [("{schema}", "n", False), ("{schema}", "t", False)],
        changes=False,
    ),
    Row(
        "SHOW TABLES IN {s} LIKE 't*'",
        "database tableName isTemporary",
        [("{schema}", "t", False)],
        changes=False,
    ),
    Row("SHOW COLUMNS IN t", "col_name", [("id",), ("ts",), ("x",)], changes=False),
    Row("SHOW COLUMNS FROM n IN {schema}", "col_name", [("a",), ("b",)], changes=False),
    Row("SHOW VIEWS", "namespace viewName isTemporary", [], changes=False),
]
REFUSALS = [
    Refusal("SHOW COLUMNS IN absent", NO_TABLE, "absent"),
    Refusal("SHOW TABLES IN main.absent", NO_SCHEMA, "absent"),
    Refusal("SHOW SCHEMAS IN absent", NO_CATALOG, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
