"""Interval literals as Spark writes them in the name of a column.

Follows https://docs.databricks.com/aws/en/sql/language-manual/data-types/interval-type
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from lakelab.local.sql.spark_names.literals import UnknownNameError

_YEAR_MONTH = {"YEAR": 12, "MONTH": 1}
_DAY_TIME = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_FIELDS = {
    **{unit: (unit, Decimal(months)) for unit, months in _YEAR_MONTH.items()},
    **{unit: (unit, Decimal(seconds)) for unit, seconds in _DAY_TIME.items()},
    "WEEK": ("DAY", Decimal(7 * 86400)),
    "MILLISECOND": ("SECOND", Decimal("0.001")),
    "MICROSECOND": ("SECOND", Decimal("0.000001")),
}
"""A unit -> its field of the interval, and its months or seconds."""

_MONTHS = 12

Part = tuple[str, Decimal]
"""A unit and its number."""


def interval_name(node: exp.Expr) -> str:
    """Return an interval literal as Spark writes it.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        ``INTERVAL``, or the sum of such literals that stands for a literal with several units.

    Raises
    ------
    UnknownNameError
        If a part is no literal.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> texts = ("1 HOUR", "90 MINUTES", "'1-2' YEAR TO MONTH", "'-1 2' DAY TO HOUR", "1.5 SECONDS", "1 WEEK")
    >>> [interval_name(parse_expression(f"INTERVAL {text}"))[9:] for text in texts]
    ["'01' HOUR", "'90' MINUTE", "'1-2' YEAR TO MONTH", "'-1 02' DAY TO HOUR", "'01.5' SECOND", "'7' DAY"]
    """
    parts = list(_parts(node))
    fields = [_field(unit) for unit, _ in parts]
    for units, write in ((_YEAR_MONTH, _year_month), (_DAY_TIME, _day_time)):
        if parts and all(field in units for field, _ in fields):
            total = sum(
                (number * size for (_, number), (_, size) in zip(parts, fields, strict=True)),
                Decimal(0),
            )
            order = [unit for unit in units if unit in {field for field, _ in fields}]
            first, last = order[0], order[-1]
            span = first if first == last else f"{first} TO {last}"
            return f"INTERVAL '{'-' if total < 0 else ''}{write(abs(total), first, last)}' {span}"
    raise UnknownNameError(node.sql())


def _parts(node: exp.Expr) -> Iterator[Part]:
    if isinstance(node, exp.Add):
        yield from _parts(node.this)
        yield from _parts(node.expression)
        return
    value, unit = node.this, node.args.get("unit")
    sign = -1 if isinstance(value, exp.Neg) else 1
    value = value.this if isinstance(value, exp.Neg) else value
    if not isinstance(value, exp.Literal):
        raise UnknownNameError(node.sql())
    text = str(value.name).strip()
    if isinstance(unit, exp.IntervalSpan):
        for field, number in _span_parts(
            text, unit.this.name.upper(), unit.expression.name.upper()
        ):
            yield field, sign * number
    elif unit is not None:
        yield unit.name.upper(), sign * _number(text)
    else:
        words = text.split()
        for amount, name in zip(words[::2], words[1::2], strict=True):
            yield name.upper(), sign * _number(amount)


def _span_parts(text: str, first: str, last: str) -> Iterator[Part]:
    sign = -1 if text.startswith("-") else 1
    plain = text.lstrip("+-")
    units = list(_YEAR_MONTH) if first in _YEAR_MONTH else list(_DAY_TIME)
    if first not in units or last not in units:
        raise UnknownNameError(text)
    numbers = plain.split("-") if first in _YEAR_MONTH else plain.replace(" ", ":").split(":")
    spanned = units[units.index(first) : units.index(last) + 1]
    if len(numbers) != len(spanned):
        raise UnknownNameError(text)
    for unit, number in zip(spanned, numbers, strict=True):
        yield unit, sign * _number(number)


def _field(unit: str) -> tuple[str, Decimal]:
    name = unit.removesuffix("S")
    if name not in _FIELDS:
        raise UnknownNameError(unit)
    return _FIELDS[name]


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise UnknownNameError(text) from error


def _year_month(months: Decimal, first: str, last: str) -> str:
    if first == "MONTH":
        return f"{months:f}"
    years, rest = divmod(int(months), _MONTHS)
    return str(years) if last == "YEAR" else f"{years}-{rest}"


def _day_time(seconds: Decimal, first: str, last: str) -> str:
    units = list(_DAY_TIME)
    numbers = []
    left = seconds
    for unit in units[units.index(first) : units.index(last) + 1]:
        number, left = divmod(left, _DAY_TIME[unit])
        numbers.append(f"{int(number)}" if unit == "DAY" else f"{int(number):02}")
    fraction = format(left, "f").partition(".")[2].rstrip("0") if last == "SECOND" else ""
    text = ":".join(numbers)
    if first == "DAY":
        text = text.replace(":", " ", 1)
    return f"{text}.{fraction}" if fraction else text
