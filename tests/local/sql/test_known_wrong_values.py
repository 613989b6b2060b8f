"""The list of known wrong values is true: the engine still answers so."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.known_wrong_values import KNOWN_WRONG_VALUES, KnownWrongValue


@pytest.mark.parametrize("known", KNOWN_WRONG_VALUES, ids=lambda known: known.what)
def test_entry_is_true(spark: LocalSparkSession, known: KnownWrongValue) -> None:
    row = spark.sql(known.example).first()
    assert row is not None
    assert str(row[0]) == known.here


def test_the_list_is_short() -> None:
    assert len(KNOWN_WRONG_VALUES) <= 3
