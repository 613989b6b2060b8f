"""Literals as Spark writes them in the name of a column.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-literals
"""

from __future__ import annotations

import datetime as dt
import struct
from decimal import Decimal, InvalidOperation

_PLAIN_DOUBLES = (1e-3, 1e7)
"""Java writes a DOUBLE outside of these bounds with an exponent."""

_FLOAT_DIGITS = 9
_TIME_PARTS = 3


class UnknownNameError(ValueError):
    """An expression whose name in Spark is not known from its text."""


def number_name(text: str) -> str:
    """Return a number as Spark writes it.

    Parameters
    ----------
    text : str
        The number without a suffix.

    Examples
    --------
    >>> [number_name(text) for text in ("007", "1.50", ".5", "1.", "1e10", "2E-3")]
    ['7', '1.50', '0.5', '1', '1.0E10', '0.002']
    """
    if "e" in text.lower():
        return double_name(float(text))
    try:
        return format(Decimal(text), "f")
    except InvalidOperation as error:
        raise UnknownNameError(text) from error


def double_name(value: float) -> str:
    """Return a DOUBLE as Java writes it.

    Examples
    --------
    >>> [double_name(value) for value in (1.5, 100.0, 1e7, 1.25e-4, 123456789.123, float("nan"))]
    ['1.5', '100.0', '1.0E7', '1.25E-4', '1.23456789123E8', 'NaN']
    """
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    low, high = _PLAIN_DOUBLES
    if value == 0 or low <= abs(value) < high:
        return repr(value)
    digits = Decimal(repr(value)).normalize()
    mantissa = digits.scaleb(-digits.adjusted())
    text = format(mantissa, "f")
    return f"{text if '.' in text else text + '.0'}E{digits.adjusted()}"


def float_name(value: float) -> str:
    """Return a FLOAT as Java writes it: with the fewest digits that are the same FLOAT.

    Examples
    --------
    >>> float_name(0.1), float_name(1.5), float_name(16777216.0)
    ('0.1', '1.5', '1.6777216E7')
    """
    stored = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, _FLOAT_DIGITS + 1):
        short = float(f"{stored:.{digits}g}")
        if struct.unpack("f", struct.pack("f", short))[0] == stored:
            return double_name(short)
    return double_name(stored)


def date_name(text: str) -> str:
    """Return a DATE literal as Spark writes it.

    Examples
    --------
    >>> date_name("2024-1-1"), date_name("2024-02"), date_name("2024")
    ("DATE '2024-01-01'", "DATE '2024-02-01'", "DATE '2024-01-01'")
    """
    return f"DATE '{_date(text.strip())}'"


def timestamp_name(kind: str, text: str) -> str:
    """Return a TIMESTAMP or TIMESTAMP_NTZ literal as Spark writes it.

    Parameters
    ----------
    kind : str
        ``TIMESTAMP`` or ``TIMESTAMP_NTZ``.
    text : str
        The text in quotes.

    Examples
    --------
    >>> timestamp_name("TIMESTAMP", "2024-01-02T3:4")
    "TIMESTAMP '2024-01-02 03:04:00'"
    >>> timestamp_name("TIMESTAMP_NTZ", "2024-01-02 03:04:05.60")
    "TIMESTAMP_NTZ '2024-01-02 03:04:05.6'"
    """
    day, _, time = text.strip().replace("T", " ", 1).partition(" ")
    return f"{kind} '{_date(day)} {_time(time.strip())}'"


def _date(text: str) -> str:
    parts = text.split("-")
    numbers = [*parts, *["1"] * (3 - len(parts))]
    try:
        return dt.date(*map(int, numbers)).isoformat()
    except (ValueError, TypeError) as error:
        raise UnknownNameError(text) from error


def _time(text: str) -> str:
    parts = text.split(":") if text else []
    whole, _, fraction = parts[-1].partition(".") if len(parts) == _TIME_PARTS else ("", "", "")
    if whole:
        parts[-1] = whole
    # a time zone: the name depends on the time zone of the session
    if len(parts) > _TIME_PARTS or not all(
        p.isdigit() for p in [*parts, *filter(None, [fraction])]
    ):
        raise UnknownNameError(text)
    clock = ":".join(f"{int(part):02}" for part in [*parts, *["0"] * (_TIME_PARTS - len(parts))])
    fraction = fraction.rstrip("0")
    return f"{clock}.{fraction}" if fraction else clock
