"""Schemas for the tests of SQL statements."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import create_schema, drop_schema, tables_of


@pytest.fixture
def fresh_schema(spark):
    """A schema with all tables, for one test."""
    names = create_schema(spark)
    yield names
    drop_schema(spark, names)


@pytest.fixture(scope="session")
def shared_schema(spark):
    """A schema with all tables, for all rows that change nothing."""
    names = create_schema(spark)
    yield names
    drop_schema(spark, names)


@pytest.fixture(params=["written", "disguised"])
def row_schema(spark, request):
    """The schema of one row: a fresh one with the tables that the row names, or else the shared one.

    Each row runs once as it is written, and once more disguised: with comments, in odd case, with line breaks and
    a semicolon.
    """
    row = request.getfixturevalue("row")
    if not row.changes:
        names = request.getfixturevalue("shared_schema")
        spark.sql(f"USE {names['s']}")
        yield {**names, "form": request.param}
        return
    names = create_schema(spark, tables_of(row)) | {"form": request.param}
    if "{first}" in row.sql:
        history = spark.sql("DESCRIBE HISTORY n").collect()
        names["first"] = str(min(commit["timestamp"] for commit in history))
    yield names
    drop_schema(spark, names)
