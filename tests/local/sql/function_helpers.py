"""Functions of Unity Catalog for the tests of SQL statements."""

from __future__ import annotations

from typing import Any

from lakelab.local.spark.session import LocalSparkSession

RETURNS = "RETURNS DOUBLE LANGUAGE PYTHON"
HAVERSINE = """
CREATE FUNCTION km(lat1 DOUBLE COMMENT 'north', lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE DEFAULT 0)
RETURNS DOUBLE LANGUAGE PYTHON DETERMINISTIC
COMMENT 'Kilometres as the crow flies'
AS $$
  from math import asin, cos, radians, sin, sqrt

  if None in (lat1, lon1, lat2, lon2):
      return None
  a, b = radians(lat1), radians(lat2)
  h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
  return 12742 * asin(sqrt(h))
$$
"""


def scalar(spark: LocalSparkSession, expression: str) -> Any:
    """Return the value of an expression."""
    row = spark.sql(f"SELECT {expression} AS x").first()
    assert row is not None
    return row.x


def create_python_function(
    spark: LocalSparkSession, name: str, body: str, signature: str = "(x INT)"
) -> None:
    """Create or replace a Python function that returns DOUBLE."""
    spark.sql(f"CREATE OR REPLACE FUNCTION {name}{signature} {RETURNS} AS $${body}$$")
