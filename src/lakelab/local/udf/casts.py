"""Convert the arguments and the result of a Python function of Unity Catalog.

The result is cast to the declared type of the function by the rules of SQL's CAST.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/cast
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from pyspark.sql import types

from lakelab.local.catalog.errors import UnityCatalogError

_BITS: dict[type[types.DataType], int] = {
    types.ByteType: 8,
    types.ShortType: 16,
    types.IntegerType: 32,
    types.LongType: 64,
}


def to_argument(value: Any) -> Any:
    """Convert an argument as Spark does: a timestamp has the session's time zone, but no tzinfo."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return bytes(value) if isinstance(value, bytearray) else value


def cast_to(data_type: types.DataType) -> Callable[[Any], Any]:
    """Return a function that casts a Python value to a Spark type, by the rules of SQL's CAST.

    Raises
    ------
    UnityCatalogError
        If a Python function cannot return the type.

    Examples
    --------
    >>> cast_to(types.IntegerType())(2.9), cast_to(types.DoubleType())(1), cast_to(types.StringType())(True)
    (2, 1.0, 'true')
    >>> cast_to(types.ByteType())(300)
    Traceback (most recent call last):
    ...
    OverflowError: 300 is out of range.
    """
    if isinstance(data_type, types.ArrayType):
        return partial(_to_array, _or_none(cast_to(data_type.elementType)))
    if isinstance(data_type, types.MapType):
        key, value = cast_to(data_type.keyType), _or_none(cast_to(data_type.valueType))
        return partial(_to_map, key, value)
    if isinstance(data_type, types.StructType):
        return partial(
            _to_struct, {f.name: _or_none(cast_to(f.dataType)) for f in data_type.fields}
        )
    if isinstance(data_type, types.DecimalType):
        return partial(_to_decimal, data_type.precision, data_type.scale)
    if (bits := _BITS.get(type(data_type))) is not None:
        return partial(_to_whole, bits)
    if (cast := _SCALARS.get(type(data_type))) is not None:
        return cast
    raise UnityCatalogError(
        f"A Python function cannot return {data_type.simpleString()} on a laptop: give numbers, STRING, "
        f"BOOLEAN, DATE, TIMESTAMP, BINARY, or ARRAY, MAP, STRUCT of these."
    )


def _or_none(cast: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else cast(value)


def _plain(value: Any) -> Any:
    """Return the Python value of a NumPy scalar; other values stay as they are."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "ndim", None) == 0 else value


def _number(value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, bool | int | float | Decimal | str):
        return value
    raise TypeError(f"{type(value).__name__} is no number.")


def _to_whole(bits: int, value: Any) -> int:
    value = _number(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise OverflowError(f"{value} is out of range.")
    whole = int(value)
    if not -(2 ** (bits - 1)) <= whole < 2 ** (bits - 1):
        raise OverflowError(f"{value} is out of range.")
    return whole


def _to_decimal(precision: int, scale: int, value: Any) -> Decimal:
    value = _number(value)
    exact = Decimal(int(value) if isinstance(value, bool) else str(value))
    rounded = exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if abs(rounded) >= Decimal(10) ** (precision - scale):
        raise OverflowError(f"{value} is out of range.")
    return rounded


def _to_text(value: Any) -> str:
    value = _plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _to_boolean(value: Any) -> bool:
    value = _plain(value)
    if isinstance(value, str):
        if value.strip().lower() not in ("true", "false"):
            raise ValueError("it is neither true nor false.")
        return value.strip().lower() == "true"
    return bool(_number(value))


def _to_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise TypeError(f"{type(value).__name__} is no date.")


def _to_time(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, date):
        raise TypeError(f"{type(value).__name__} is no timestamp.")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    moment: datetime = to_argument(value)
    return moment


def _to_binary(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise TypeError(f"{type(value).__name__} is not binary.")


def _to_array(cast: Callable[[Any], Any], value: Any) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        raise TypeError(f"{type(value).__name__} is no array.")
    return [cast(element) for element in value]


def _to_map(key: Callable[[Any], Any], cast: Callable[[Any], Any], value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} is no map.")
    return {key(k): cast(v) for k, v in value.items()}


def _to_struct(casts: Mapping[str, Callable[[Any], Any]], value: Any) -> dict[str, Any]:
    if isinstance(value, types.Row):
        value = value.asDict()
    if isinstance(value, tuple | list):
        value = dict(zip(casts, value, strict=True))
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} is no struct.")
    return {name: cast(value.get(name)) for name, cast in casts.items()}


_SCALARS: dict[type[types.DataType], Callable[[Any], Any]] = {
    types.FloatType: lambda value: float(_number(value)),
    types.DoubleType: lambda value: float(_number(value)),
    types.StringType: _to_text,
    types.BooleanType: _to_boolean,
    types.DateType: _to_date,
    types.TimestampType: _to_time,
    types.TimestampNTZType: _to_time,
    types.BinaryType: _to_binary,
}
