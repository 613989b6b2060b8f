"""A table for the tests of rewrites, which only read it."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import create_schema, drop_schema


@pytest.fixture(scope="module")
def read_only(spark):
    names = create_schema(spark, ())
    spark.sql("CREATE TABLE w (id BIGINT, g STRING, x DOUBLE, ts TIMESTAMP)")
    spark.sql(
        "INSERT INTO w VALUES (1, 'a', 1.0, TIMESTAMP'2024-01-01'), (2, 'b', 2.0, TIMESTAMP'2024-01-02'), "
        "(3, 'a', NULL, TIMESTAMP'2024-01-03')"
    )
    yield names
    drop_schema(spark, names)


@pytest.fixture
def query(spark, read_only):
    """Run a query; return its columns and its rows."""
    spark.sql(f"USE {read_only['s']}")

    def run(text):
        frame = spark.sql(text)
        return frame.columns, [tuple(row) for row in frame.collect()]

    return run
