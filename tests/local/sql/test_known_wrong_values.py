"""The list of known wrong values is true: the engine still answers so."""

from __future__ import annotations

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.known_wrong_values import KNOWN_WRONG_VALUES


def test_entries_are_true(spark: LocalSparkSession) -> None:
    for known in KNOWN_WRONG_VALUES:
        row = spark.sql(known.example).first()
        assert row is not None
        assert str(row[0]) == known.here


def test_the_list_is_short() -> None:
    assert len(KNOWN_WRONG_VALUES) <= 3
