"""Types of literals without the engine."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.dialect import parse_expression
from lakelab.local.sql.rewrites.literal_types import literal_type

LITERALS = [
    "1",
    "-1",
    "(2)",
    "3000000000",
    "99999999999999999999",
    "1.5",
    "0.05",
    "1e3",
    "'a'",
    "NULL",
    "true",
]
LITERALS += ["1L", "1S", "1Y", "1.5D", "1F", "DATE'2024-01-31'", "CAST('1' AS INT)", "X'41'"]


@pytest.mark.parametrize("literal", LITERALS)
def test_as_the_engine(spark: LocalSparkSession, literal: str) -> None:
    kind = literal_type(parse_expression(literal))
    assert kind in (None, spark.engine_sql(f"SELECT {literal}").schema[0].dataType)
    assert kind is not None or literal == "X'41'"
