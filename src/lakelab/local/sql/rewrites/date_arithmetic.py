"""Dates with hours, numbers as dates, and hours of intervals, which the engine computes otherwise than Spark.

- ``DATE'2024-01-31' + INTERVAL 1 HOUR`` is a timestamp; the engine loses the hour.
- ``CAST(1 AS DATE)`` is refused; the engine counts days.
- ``extract(HOUR FROM INTERVAL '3 4:05:06' DAY TO SECOND)`` is 4; the engine answers 76.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatype-rules
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyspark.sql.types import DataType, DateType, DayTimeIntervalType
from sqlglot import exp

from lakelab.local.sql.rewrites.assigned_values import check_cast
from lakelab.local.sql.rewrites.expression_types import Types, types_by_clause
from lakelab.local.sql.rewrites.literal_types import literal_type

_PARTS_OF_DAYS = ("HOUR", "MINUTE", "SECOND")
_UNITS = {"HOUR": 24, "HOURS": 24, "MINUTE": 60, "MINUTES": 60}
"""The fields of an interval, and how many are one of the next larger field."""

Correct = Callable[[exp.Expr, DataType], bool]


def correct_dates(tree: exp.Expr, types: Types) -> bool:
    """Rewrite what the engine computes otherwise.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed.
    types : Types
        The types of its expressions.

    Returns
    -------
    bool
        Whether the tree was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a number is cast to a date.
    """
    places = list(_places(tree))
    unknown = [node for node, _ in places if literal_type(node) is None]
    known = types_by_clause(unknown, types)
    changed = False
    for node, correct in reversed(places):
        kind = literal_type(node) or known.get(id(node))
        if kind is not None:
            changed |= correct(node, kind)
    return changed


def _places(tree: exp.Expr) -> Iterator[tuple[exp.Expr, Correct]]:
    """Yield the expressions whose types count, and what is done with them."""
    for node in tree.walk():
        if isinstance(node, exp.Cast) and node.is_type("date"):
            yield node.this, _check_date
        elif isinstance(node, exp.Extract) and node.name.upper() in _UNITS:
            yield node.expression, _within_day
        elif isinstance(node, exp.Add | exp.Sub):
            if _has_part_of_day(node.expression):
                yield node.this, _as_timestamp
            elif _has_part_of_day(node.this):
                yield node.expression, _as_timestamp


def _has_part_of_day(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Interval):
        return False
    text = node.sql().upper()
    return any(part in text for part in _PARTS_OF_DAYS)


def _check_date(node: exp.Expr, kind: DataType) -> bool:
    check_cast(kind, DateType())
    return False


def _as_timestamp(node: exp.Expr, kind: DataType) -> bool:
    if not isinstance(kind, DateType):
        return False
    node.replace(exp.cast(node.copy(), "TIMESTAMP", dialect="databricks"))
    return True


def _within_day(node: exp.Expr, kind: DataType) -> bool:
    call = node.parent
    if not isinstance(kind, DayTimeIntervalType) or not isinstance(call, exp.Extract):
        return False
    rest = exp.Mod(this=call.copy(), expression=exp.convert(_UNITS[call.name.upper()]))
    call.replace(exp.cast(rest, "TINYINT"))
    return True
