"""Literals in the names of columns."""

from __future__ import annotations

import pytest

from lakelab.local.sql.spark_names.literals import (
    UnknownNameError,
    date_name,
    double_name,
    float_name,
    number_name,
    timestamp_name,
)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-1.5e-7, "-1.5E-7"),
        (1e22, "1.0E22"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_double(value: float, name: str) -> None:
    assert double_name(value) == name


def test_float() -> None:
    assert [float_name(value) for value in (0.1, 3.4e38, 1 / 3)] == ["0.1", "3.4E38", "0.33333334"]


def test_number_that_is_none() -> None:
    with pytest.raises(UnknownNameError):
        number_name("x")


@pytest.mark.parametrize("text", ["2024-13-01", "tomorrow", "2024-01-01-01"])
def test_date_that_is_none(text: str) -> None:
    with pytest.raises(UnknownNameError):
        date_name(text)


@pytest.mark.parametrize("text", ["2024-01-01 10:00:00Z", "2024-01-01 10:00:00+01:00", "now"])
def test_timestamp_with_a_time_zone(text: str) -> None:
    with pytest.raises(UnknownNameError):
        timestamp_name("TIMESTAMP", text)
