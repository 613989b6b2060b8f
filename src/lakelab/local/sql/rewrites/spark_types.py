"""The types that Spark gives to operands of different types: ANSI type coercion.

Follows https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#type-coercion and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatype-rules
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce

from pyspark.sql.types import (
    ArrayType,
    AtomicType,
    ByteType,
    DataType,
    DateType,
    DayTimeIntervalType,
    DecimalType,
    DoubleType,
    FractionalType,
    IntegerType,
    IntegralType,
    LongType,
    MapType,
    NullType,
    NumericType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
    YearMonthIntervalType,
)

INTEGERS: tuple[type[DataType], ...] = (ByteType, ShortType, IntegerType, LongType)
"""The integer types, the narrowest first."""

_MAX_PRECISION = 38
_MIN_ADJUSTED_SCALE = 6
_AS_DECIMAL: dict[type[DataType], DecimalType] = {
    ByteType: DecimalType(3, 0),
    ShortType: DecimalType(5, 0),
    IntegerType: DecimalType(10, 0),
    LongType: DecimalType(20, 0),
}
_DATES: tuple[type[DataType], ...] = (DateType, TimestampNTZType, TimestampType)
"""Days and times; each is cast to a later one beside it."""
_INTERVALS = (DayTimeIntervalType, YearMonthIntervalType)


def common_type(types: Iterable[DataType]) -> DataType | None:
    """Return the type of a value that has one of these types, such as the value of a CASE.

    Parameters
    ----------
    types : iterable of pyspark.sql.types.DataType
        The types of the branches.

    Returns
    -------
    pyspark.sql.types.DataType or None
        None if Spark refuses the types beside each other.

    Examples
    --------
    >>> common_type([IntegerType(), DecimalType(2, 1)])
    DecimalType(11,1)
    >>> common_type([IntegerType(), StringType()])
    LongType()
    """
    start: DataType | None = NullType()
    return reduce(lambda one, other: one and wider_type(one, other), types, start)


def wider_type(one: DataType, other: DataType) -> DataType | None:
    """Return the type that two types are cast to; None if Spark refuses them beside each other.

    Parameters
    ----------
    one, other : pyspark.sql.types.DataType

    Examples
    --------
    >>> wider_type(LongType(), IntegerType())
    LongType()
    """
    if one.simpleString() == other.simpleString() or isinstance(other, NullType):
        return one
    if isinstance(one, NullType):
        return other
    if isinstance(one, NumericType) and isinstance(other, NumericType):
        return _wider_number(one, other)
    if isinstance(one, StringType) or isinstance(other, StringType):
        return _beside_text(one, other)
    if isinstance(one, _DATES) and isinstance(other, _DATES):
        return max(one, other, key=lambda date: _DATES.index(type(date)))
    return _wider_nested(one, other)


def arithmetic_type(operator: str, left: DataType, right: DataType) -> DataType | None:
    """Return the type of the result of an operator; None for dates and intervals, and if Spark refuses the types.

    Parameters
    ----------
    operator : str
        ``+``, ``-``, ``*``, ``/``, ``%`` or ``div``.
    left, right : pyspark.sql.types.DataType
        The types of the operands.

    Examples
    --------
    >>> arithmetic_type("/", DecimalType(10, 2), DecimalType(10, 2))
    DecimalType(23,13)
    >>> arithmetic_type("+", ByteType(), IntegerType())
    IntegerType()
    """
    operands = number_operands(left, right)
    if operands is None:
        return None
    one, other = operands
    if operator == "div":
        return LongType() if as_decimal(one) and as_decimal(other) else None
    if isinstance(one, DecimalType) or isinstance(other, DecimalType):
        left_decimal, right_decimal = as_decimal(one), as_decimal(other)
        if left_decimal is None or right_decimal is None:
            return DoubleType()
        return _DECIMAL_RESULTS[operator](left_decimal, right_decimal)
    return DoubleType() if operator == "/" else wider_type(one, other)


def number_operands(left: DataType, right: DataType) -> tuple[DataType, DataType] | None:
    """Return the types of two operands as numbers: a text beside a number, and a null, are cast.

    Parameters
    ----------
    left, right : pyspark.sql.types.DataType

    Returns
    -------
    tuple of two pyspark.sql.types.DataType, or None
        None if one is no number, or if both are texts.

    Examples
    --------
    >>> number_operands(StringType(), IntegerType())
    (LongType(), IntegerType())
    """
    if isinstance(left, NullType) and isinstance(right, NullType):
        return DoubleType(), DoubleType()
    if isinstance(left, StringType | NullType) and isinstance(right, NumericType):
        return wider_type(left, right) or right, right
    if isinstance(right, StringType | NullType) and isinstance(left, NumericType):
        return left, wider_type(left, right) or left
    both = isinstance(left, NumericType) and isinstance(right, NumericType)
    return (left, right) if both else None


def negative_type(number: DataType) -> DataType:
    """Return the type of ``-x``.

    Examples
    --------
    >>> negative_type(StringType())
    DoubleType()
    """
    return DoubleType() if isinstance(number, StringType) else number


def sum_type(number: DataType) -> DataType | None:
    """Return the type of ``sum(x)``; None for intervals.

    Examples
    --------
    >>> sum_type(DecimalType(10, 2)), sum_type(ByteType())
    (DecimalType(20,2), LongType())
    """
    if isinstance(number, IntegralType):
        return LongType()
    if isinstance(number, DecimalType):
        return DecimalType(min(number.precision + 10, _MAX_PRECISION), number.scale)
    return DoubleType() if isinstance(number, FractionalType | StringType | NullType) else None


def average_type(number: DataType) -> DataType | None:
    """Return the type of ``avg(x)``; None for intervals.

    Examples
    --------
    >>> average_type(DecimalType(10, 2)), average_type(ByteType())
    (DecimalType(14,6), DoubleType())
    """
    if isinstance(number, DecimalType):
        scale = min(number.scale + 4, _MAX_PRECISION)
        return DecimalType(min(number.precision + 4, _MAX_PRECISION), scale)
    return DoubleType() if isinstance(number, NumericType | StringType | NullType) else None


def as_decimal(number: DataType) -> DecimalType | None:
    """Return the DECIMAL that holds each value of an integer type; None for other types than numbers that are exact.

    Parameters
    ----------
    number : pyspark.sql.types.DataType

    Examples
    --------
    >>> as_decimal(IntegerType())
    DecimalType(10,0)
    """
    return number if isinstance(number, DecimalType) else _AS_DECIMAL.get(type(number))


def adjusted_decimal(precision: int, scale: int) -> DecimalType:
    """Return a DECIMAL of at most 38 digits: digits behind the point go first, 6 of them stay.

    Parameters
    ----------
    precision, scale : int
        What the exact result of an operator needs.

    Examples
    --------
    >>> adjusted_decimal(77, 12)
    DecimalType(38,6)
    """
    if precision <= _MAX_PRECISION:
        return DecimalType(precision, scale)
    integral = precision - scale
    least = min(scale, _MIN_ADJUSTED_SCALE)
    return DecimalType(_MAX_PRECISION, max(_MAX_PRECISION - integral, least))


def _sum_of_decimals(one: DecimalType, other: DecimalType) -> DecimalType:
    scale = max(one.scale, other.scale)
    integral = max(one.precision - one.scale, other.precision - other.scale)
    return adjusted_decimal(integral + scale + 1, scale)


def _product(one: DecimalType, other: DecimalType) -> DecimalType:
    return adjusted_decimal(one.precision + other.precision + 1, one.scale + other.scale)


def _quotient(one: DecimalType, other: DecimalType) -> DecimalType:
    scale = max(_MIN_ADJUSTED_SCALE, one.scale + other.precision + 1)
    return adjusted_decimal(one.precision - one.scale + other.scale + scale, scale)


def _remainder(one: DecimalType, other: DecimalType) -> DecimalType:
    scale = max(one.scale, other.scale)
    integral = min(one.precision - one.scale, other.precision - other.scale)
    return adjusted_decimal(integral + scale, scale)


_DECIMAL_RESULTS: dict[str, Callable[[DecimalType, DecimalType], DecimalType]] = {
    "+": _sum_of_decimals,
    "-": _sum_of_decimals,
    "*": _product,
    "/": _quotient,
    "%": _remainder,
}


def _wider_number(one: NumericType, other: NumericType) -> DataType:
    if isinstance(one, IntegralType) and isinstance(other, IntegralType):
        return max(one, other, key=lambda number: INTEGERS.index(type(number)))
    left, right = as_decimal(one), as_decimal(other)
    if left is not None and right is not None:
        scale = max(left.scale, right.scale)
        integral = max(left.precision - left.scale, right.precision - right.scale)
        return _integral_first(integral, scale)
    return DoubleType()


def _integral_first(integral: int, scale: int) -> DecimalType:
    """Return a DECIMAL that keeps the digits before the point, where 38 are too few for all."""
    if integral + scale <= _MAX_PRECISION:
        return DecimalType(integral + scale, scale)
    return DecimalType(_MAX_PRECISION, max(0, _MAX_PRECISION - integral))


def _beside_text(one: DataType, other: DataType) -> DataType | None:
    text, value = (one, other) if isinstance(one, StringType) else (other, one)
    if isinstance(value, StringType):
        return text
    if isinstance(value, IntegralType):
        return LongType()
    if isinstance(value, FractionalType):
        return DoubleType()
    if isinstance(value, _INTERVALS):
        return None
    return value if isinstance(value, AtomicType) else None


def _wider_nested(one: DataType, other: DataType) -> DataType | None:
    if isinstance(one, ArrayType) and isinstance(other, ArrayType):
        element = wider_type(one.elementType, other.elementType)
        return element and ArrayType(element, one.containsNull or other.containsNull)
    if isinstance(one, MapType) and isinstance(other, MapType):
        key, value = (
            wider_type(one.keyType, other.keyType),
            wider_type(one.valueType, other.valueType),
        )
        contains_null = one.valueContainsNull or other.valueContainsNull
        return MapType(key, value, contains_null) if key and value else None
    if isinstance(one, StructType) and isinstance(other, StructType):
        return _wider_struct(one, other)
    return None


def _wider_struct(one: StructType, other: StructType) -> DataType | None:
    if [field.name.lower() for field in one] != [field.name.lower() for field in other]:
        return None
    fields = []
    for left, right in zip(one, other, strict=True):
        field = wider_type(left.dataType, right.dataType)
        if field is None:
            return None
        fields.append(StructField(left.name, field, left.nullable or right.nullable))
    return StructType(fields)
