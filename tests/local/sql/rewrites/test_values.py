"""Statements whose values need no rewrite reach the engine as they are."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.rewrites.steps import rewrite_for_engine


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT  1",
        "SELECT dayofweek(d), floor(x), max_by(x, y) FROM t",
        "SELECT 'weekday(d)' -- weekday(d)",
        "SELECT 1.5 > 0.5",
    ],
)
def test_same_text(spark: LocalSparkSession, statement: str) -> None:
    assert rewrite_for_engine(spark, statement) == statement
