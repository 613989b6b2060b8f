"""The primary key of ``CREATE TABLE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_COLUMN,
    Refusal,
    Row,
    check,
    check_refused,
    key_columns,
    row_id,
)

ROWS = [
    Row(
        "CREATE TABLE main.{schema}.new (a INT NOT NULL, b DATE NOT NULL, "
        "CONSTRAINT k PRIMARY KEY (b TIMESERIES, a) RELY)",
        then={key_columns("new"): [("k", "b", 1), ("k", "a", 2)]},
    ),
    Row(
        "CREATE TABLE new (a INT NOT NULL CONSTRAINT mine PRIMARY KEY)",
        then={key_columns("new"): [("mine", "a", 1)]},
    ),
]
REFUSALS = [
    Refusal("CREATE TABLE new (id BIGINT, PRIMARY KEY (id))", None, "nullable.*NOT NULL"),
    Refusal("CREATE TABLE new (id BIGINT PRIMARY KEY)", None, "nullable"),
    Refusal(
        "CREATE TABLE new (id INT NOT NULL, PRIMARY KEY (key))", NO_COLUMN, "'key'.*It has: id"
    ),
    Refusal(
        "CREATE TABLE new (a DATE NOT NULL, b DATE NOT NULL, PRIMARY KEY (a TIMESERIES, b TIMESERIES))",
        None,
        "at most one TIMESERIES",
    ),
    Refusal(
        "CREATE TABLE new (a INT NOT NULL PRIMARY KEY, b INT NOT NULL, PRIMARY KEY (b))",
        None,
        "cannot have 2 primary keys",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
