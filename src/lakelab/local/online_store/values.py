"""Column types of an online table: the SQL type, and the conversion of values to and from the database.

PostgreSQL has all the types except the nested ones. SQLite has numbers, text and bytes: it stores a
timestamp as microseconds since 1970, and a date as days since 1970. Nested values, such as arrays, are
JSON text in both.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import types as sql
from sqlalchemy.types import TypeEngine

_WHOLE = ("byte", "short", "integer", "long")
_TIMES = ("timestamp", "timestamp_ntz")
_FLOATS = ("float", "double")
_KEYS = (*_WHOLE, "string", "boolean", "binary")
_DECIMALS = Context(prec=80)  # a column has at most 38 digits
_BITS = {"byte": 8, "short": 16, "integer": 32, "long": 64}
_EPOCH = datetime(1970, 1, 1)

_POSTGRESQL: Mapping[str, type[TypeEngine[Any]]] = {
    "string": sql.Text,
    "byte": sql.SmallInteger,
    "short": sql.SmallInteger,
    "integer": sql.Integer,
    "long": sql.BigInteger,
    "float": sql.REAL,
    "double": sql.Double,
    "boolean": sql.Boolean,
    "timestamp": sql.DateTime,
    "timestamp_ntz": sql.DateTime,
    "date": sql.Date,
    "binary": sql.LargeBinary,
    "decimal": sql.Numeric,
}
_SQLITE: Mapping[str, type[TypeEngine[Any]]] = {
    "string": sql.Text,
    "float": sql.Float,
    "double": sql.Float,
    "binary": sql.LargeBinary,
    **dict.fromkeys((*_WHOLE, *_TIMES, "boolean", "date"), sql.BigInteger),
}
_SQLITE_INTEGERS: Mapping[str, pa.DataType] = {
    **dict.fromkeys(_TIMES, pa.int64()),
    "date": pa.int32(),
    "boolean": pa.int8(),
}
"""Type -> the integer type whose values SQLite stores in its place."""


@dataclass(frozen=True)
class OnlineColumn:
    """A column of an online table.

    Attributes
    ----------
    name : str
    type : str
        The type as in the Delta log: ``string``, ``double``, ``timestamp``, ``decimal(10,2)``;
        ``nested`` for arrays, maps and structs.
    """

    name: str
    type: str

    @classmethod
    def from_field(cls, field: Mapping[str, Any]) -> OnlineColumn:
        """Return the column for a field of a Delta schema.

        Examples
        --------
        >>> OnlineColumn.from_field({"name": "delay", "type": "double"})
        OnlineColumn(name='delay', type='double')
        >>> OnlineColumn.from_field({"name": "hours", "type": {"type": "array"}}).type
        'nested'
        """
        return cls(field["name"], field["type"] if isinstance(field["type"], str) else "nested")

    @property
    def kind(self) -> str:
        """The type without precision and scale."""
        return self.type.partition("(")[0]

    @property
    def is_time(self) -> bool:
        return self.kind in (*_TIMES, "date")

    @property
    def can_be_key(self) -> bool:
        """Whether the column can be part of a lookup key."""
        return self.kind in _KEYS or self.is_time or self.kind == "decimal"

    def sql_type(self, dialect: str) -> TypeEngine[Any]:
        """Return the SQL type of the column.

        Parameters
        ----------
        dialect : {"sqlite", "postgresql"}
        """
        if dialect == "sqlite":
            return _SQLITE.get(self.kind, sql.Text)()
        if self.kind == "decimal":
            return sql.Numeric(*self.precision_and_scale)
        return _POSTGRESQL.get(self.kind, sql.Text)()

    @property
    def precision_and_scale(self) -> tuple[int, int]:
        """Precision and scale of a decimal."""
        precision, scale = map(int, re.findall(r"\d+", self.type))
        return precision, scale

    # ---- into the database -----------------------------------------------------------------------
    def encode(self, values: pa.Array | pa.ChunkedArray, dialect: str) -> list[Any]:
        """Convert the values of a column to those that the database driver accepts.

        Examples
        --------
        >>> OnlineColumn("x", "double").encode(pa.array([1.5, float("nan"), None]), "sqlite")
        [1.5, 'NaN', None]
        """
        if self.kind in _TIMES:
            # both databases store the time in UTC, without a zone
            values = values.cast(pa.timestamp("us", values.type.tz), safe=False)
            values = values.cast(pa.timestamp("us"))
        if dialect == "sqlite" and self.kind in _SQLITE_INTEGERS:
            values = values.cast(_SQLITE_INTEGERS[self.kind])
        plain: list[Any] = values.to_pylist()
        if self.kind == "nested":
            return [None if value is None else json.dumps(value, default=str) for value in plain]
        if dialect == "postgresql":
            return plain
        if self.kind == "decimal":
            return [None if value is None else f"{value:f}" for value in plain]
        if self.kind in _FLOATS and pc.any(pc.is_nan(values)).as_py():
            # SQLite would store NaN as null; it keeps text as text, even in a numeric column
            return ["NaN" if value != value else value for value in plain]
        return plain

    def encode_key(self, value: Any, dialect: str) -> Any:
        """Convert one value of a key to the value that the database driver accepts.

        Examples
        --------
        >>> import numpy as np
        >>> OnlineColumn("id", "long").encode_key(np.int64(7), "postgresql")
        7
        >>> OnlineColumn("id", "long").encode_key("seven", "postgresql")
        Traceback (most recent call last):
        ...
        ValueError: 'seven' is not a value of the key column 'id' of type long.
        """
        try:
            value = self._parse_key(value.item() if hasattr(value, "item") else value)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ValueError(
                f"{value!r} is not a value of the key column '{self.name}' of type {self.type}."
            ) from error
        if value is None:
            return None
        if dialect == "postgresql":
            # PostgreSQL cannot store such text, and the driver would refuse the query
            return None if self.kind == "string" and "\0" in value else value
        if self.kind in _TIMES:
            return (value - _EPOCH) // timedelta(microseconds=1)
        if self.kind == "date":
            return (value - _EPOCH.date()).days
        return f"{value:f}" if self.kind == "decimal" else value

    def key_encoder(self, dialect: str) -> Callable[[Any], Any]:
        """Return :meth:`encode_key` for one database, with a fast path for the most common keys.

        Examples
        --------
        >>> OnlineColumn("id", "decimal(9,2)").key_encoder("sqlite")(1.5)
        '1.50'
        """
        slow = partial(self.encode_key, dialect=dialect)
        if self.kind == "long":
            least, most = -(2**63), 2**63 - 1
            return lambda value: value if type(value) is int and least <= value <= most else slow(value)  # fmt: skip
        if self.kind == "string" and dialect == "sqlite":
            return lambda value: value if type(value) is str else slow(value)
        return slow

    def _parse_key(self, value: Any) -> Any:
        """Return the value in the Python type of the column; None for a null.

        Raises
        ------
        ValueError, TypeError, ArithmeticError
            If the value does not have the type of the column.
        """
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        parse = _KEY_PARSERS.get(self.kind)
        return value if parse is None else parse(self, value)

    # ---- out of the database ---------------------------------------------------------------------
    def decoder(self, dialect: str) -> Callable[[Any], Any] | None:
        """Return the function that converts a database value; None if no conversion is needed.

        Examples
        --------
        >>> OnlineColumn("ts", "timestamp").decoder("sqlite")(0)
        datetime.datetime(1970, 1, 1, 0, 0)
        """
        if self.kind == "nested":
            return json.loads
        return None if dialect == "postgresql" else _DECODERS.get(self.kind)


# ---- keys -------------------------------------------------------------------------------------------
def _parse_whole_number(column: OnlineColumn, value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("not a whole number")
    number, limit = int(value), 2 ** (_BITS[column.kind] - 1)
    if not -limit <= number < limit:
        raise ValueError("too large")
    return number


def _parse_timestamp(_: OnlineColumn, value: Any) -> datetime:
    time: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _parse_date(_: OnlineColumn, value: Any) -> date:
    day: date = date.fromisoformat(value) if isinstance(value, str) else value
    return day.date() if isinstance(day, datetime) else day


def _parse_decimal(column: OnlineColumn, value: Any) -> Decimal:
    exact, step = Decimal(str(value)), Decimal(1).scaleb(-column.precision_and_scale[1])
    if (rounded := exact.quantize(step, context=_DECIMALS)) != exact:
        raise ValueError("more digits than the column has")
    return rounded


def _parse_boolean(_: OnlineColumn, value: Any) -> bool:
    if value not in (False, True):
        raise ValueError("not a boolean")
    return bool(value)


def _parse_binary(_: OnlineColumn, value: Any) -> bytes:
    return bytes(memoryview(value))


def _parse_string(_: OnlineColumn, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


_KEY_PARSERS: Mapping[str, Callable[[OnlineColumn, Any], Any]] = {
    **dict.fromkeys(_WHOLE, _parse_whole_number),
    **dict.fromkeys(_TIMES, _parse_timestamp),
    "date": _parse_date,
    "decimal": _parse_decimal,
    "boolean": _parse_boolean,
    "binary": _parse_binary,
    "string": _parse_string,
}
"""Type of a key column -> the function that reads a value of the key."""

_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TIMES, lambda value: _EPOCH + timedelta(0, 0, value)),
    "date": lambda value: _EPOCH.date() + timedelta(days=value),
    "boolean": bool,
    "decimal": Decimal,
    "float": float,  # also reads the text "NaN"
    "double": float,
}
