"""Which operands Spark refuses for an arithmetic operator, and under which condition.

The engine computes some of them: ``TIMESTAMP / 2`` divides microseconds.

Follows https://docs.databricks.com/aws/en/error-messages/datatype-mismatch-error-class

Tested in ``tests/local/sql/rewrites/test_arithmetic.py``.
"""

from __future__ import annotations

from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FractionalType,
    IntegralType,
    LongType,
    NullType,
    NumericType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

_TIMES = (DateType, TimestampType, TimestampNTZType)
_OTHERS = (BooleanType, BinaryType)
_KNOWN = (NumericType, StringType, NullType, *_TIMES, *_OTHERS)

_UNEXPECTED = "UNEXPECTED_INPUT_TYPE"
_DIFFERENT = "BINARY_OP_DIFF_TYPES"
_WRONG = "BINARY_OP_WRONG_TYPE"


def refused_operands(operator: str, left: DataType, right: DataType) -> str | None:
    """Return the condition of DATATYPE_MISMATCH under which Spark refuses two operands; None if it takes them.

    Parameters
    ----------
    operator : str
        ``+``, ``-``, ``*``, ``/``, ``%`` or ``div``.
    left, right : pyspark.sql.types.DataType

    Examples
    --------
    >>> refused_operands("/", TimestampType(), LongType())
    'BINARY_OP_DIFF_TYPES'
    >>> refused_operands("-", DateType(), LongType())
    'UNEXPECTED_INPUT_TYPE'
    """
    if not isinstance(left, _KNOWN) or not isinstance(right, _KNOWN):
        return None
    if operator == "+":
        return _sum(left, right)
    if operator == "-" and (isinstance(left, _TIMES) or isinstance(right, _TIMES)):
        return _UNEXPECTED if _is_wrong_difference(left, right) else None
    return _numbers(operator, left, right)


def _sum(left: DataType, right: DataType) -> str | None:
    one, other = (left, right) if isinstance(left, _TIMES) else (right, left)
    if not isinstance(one, _TIMES):
        return _numbers("+", left, right)
    if isinstance(other, NullType):
        return None
    if isinstance(one, DateType) or isinstance(other, DateType):
        return None if _is_days(one, other) else _UNEXPECTED
    return _WRONG if isinstance(other, StringType) or type(one) is type(other) else _DIFFERENT


def _is_days(one: DataType, other: DataType) -> bool:
    """Return whether it is a day, and a number of days that is not too large a type."""
    is_number = isinstance(other, IntegralType) and not isinstance(other, LongType)
    return isinstance(one, DateType) and is_number


def _is_wrong_difference(left: DataType, right: DataType) -> bool:
    if isinstance(left, DateType) and _is_days(left, right):
        return False
    return any(isinstance(side, NumericType | BooleanType | BinaryType) for side in (left, right))


def _numbers(operator: str, left: DataType, right: DataType) -> str | None:
    if isinstance(left, NullType) and isinstance(right, NullType):
        return None
    if any(isinstance(side, (*_TIMES, *_OTHERS)) for side in (left, right)) or _has_no_number(
        left, right
    ):
        is_text = isinstance(left, StringType) or isinstance(right, StringType)
        return _WRONG if is_text or type(left) is type(right) else _DIFFERENT
    if operator == "div" and (_is_fraction(left) or _is_fraction(right)):
        return _WRONG if _become_one(left, right) else _DIFFERENT
    return None


def _has_no_number(left: DataType, right: DataType) -> bool:
    return not isinstance(left, NumericType) and not isinstance(right, NumericType)


def _is_fraction(side: DataType) -> bool:
    return isinstance(side, FractionalType) and not isinstance(side, DecimalType)


def _become_one(left: DataType, right: DataType) -> bool:
    """Return whether Spark casts both to one type, before it sees that DIV does not take it."""
    kinds = {type(left), type(right)}
    return len(kinds) == 1 or StringType in kinds or kinds == {DoubleType, DecimalType}
