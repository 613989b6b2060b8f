"""Interval literals in the names of columns."""

from __future__ import annotations

import pytest

from lakelab.local.sql.dialect import parse_expression
from lakelab.local.sql.spark_names.intervals import interval_name
from lakelab.local.sql.spark_names.literals import UnknownNameError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1 DAY 2 HOURS", "'1 02' DAY TO HOUR"),
        ("2 HOURS 1 DAY", "'1 02' DAY TO HOUR"),
        ("-'1' DAY", "'-1' DAY"),
        ("'1 year 2 months'", "'1-2' YEAR TO MONTH"),
        ("14 MONTHS", "'14' MONTH"),
        ("1 WEEK 2 DAYS", "'9' DAY"),
        ("1500 MILLISECONDS", "'01.5' SECOND"),
        ("'1 02:03:04.500' DAY TO SECOND", "'1 02:03:04.5' DAY TO SECOND"),
        ("'-1-2' YEAR TO MONTH", "'-1-2' YEAR TO MONTH"),
    ],
)
def test_interval(text: str, name: str) -> None:
    assert interval_name(parse_expression(f"INTERVAL {text}")) == f"INTERVAL {name}"


@pytest.mark.parametrize("text", ["a DAY", "1 MONTH 2 DAYS", "'x' DAY", "1 FORTNIGHT"])
def test_interval_without_a_name(text: str) -> None:
    with pytest.raises(UnknownNameError):
        interval_name(parse_expression(f"INTERVAL {text}"))
