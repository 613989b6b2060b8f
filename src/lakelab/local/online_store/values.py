"""How a column of a feature table is stored online: its type there, and its values both ways.

PostgreSQL has types for all that matters. SQLite has numbers, text and bytes: times are kept there as
microseconds since 1970, days as days since 1970. Whatever either lacks, such as arrays, is JSON text.
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
_KEYS = (*_WHOLE, "string", "boolean", "binary")
_DECIMALS = Context(prec=80)  # a column has 38 digits at most
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


@dataclass(frozen=True)
class OnlineColumn:
    """A column as it is stored online.

    Attributes
    ----------
    name : str
    type : str
        Its type as the Delta log names it: ``string``, ``double``, ``timestamp``, ``decimal(10,2)``;
        ``nested`` for arrays, maps and structs.
    """

    name: str
    type: str

    @classmethod
    def of_field(cls, field: Mapping[str, Any]) -> OnlineColumn:
        """Read the column of a Delta schema.

        Examples
        --------
        >>> OnlineColumn.of_field({"name": "delay", "type": "double"})
        OnlineColumn(name='delay', type='double')
        >>> OnlineColumn.of_field({"name": "hours", "type": {"type": "array"}}).type
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
        """Whether rows can be looked up by it."""
        return self.kind in _KEYS or self.is_time or self.kind == "decimal"

    def sql_type(self, dialect: str) -> TypeEngine[Any]:
        """Say what it is in the database.

        Parameters
        ----------
        dialect : {"sqlite", "postgresql"}
        """
        if dialect == "sqlite":
            return _SQLITE.get(self.kind, sql.Text)()
        if self.kind == "decimal":
            return sql.Numeric(*self._precision_and_scale)
        return _POSTGRESQL.get(self.kind, sql.Text)()

    @property
    def _precision_and_scale(self) -> tuple[int, int]:
        precision, scale = map(int, re.findall(r"\d+", self.type))
        return precision, scale

    # ---- into the database -----------------------------------------------------------------------
    def encode(self, values: pa.Array | pa.ChunkedArray, dialect: str) -> list[Any]:
        """Give the values of a column as the database driver takes them.

        Examples
        --------
        >>> OnlineColumn("x", "double").encode(pa.array([1.5, float("nan"), None]), "sqlite")
        [1.5, 'NaN', None]
        """
        if self.kind == "nested":
            return [
                None if value is None else json.dumps(value, default=str)
                for value in values.to_pylist()
            ]
        if self.kind in _TIMES:
            # one zone, UTC, in both databases
            values = values.cast(pa.timestamp("us", values.type.tz), safe=False)
            values = values.cast(pa.timestamp("us"))
        if dialect == "postgresql":
            return values.to_pylist()
        if self.kind in _TIMES:
            return values.cast(pa.int64()).to_pylist()
        if self.kind == "date":
            return values.cast(pa.int32()).to_pylist()
        if self.kind == "boolean":
            return values.cast(pa.int8()).to_pylist()
        if self.kind == "decimal":
            return [None if value is None else f"{value:f}" for value in values.to_pylist()]
        if self.kind in ("float", "double") and pc.any(pc.is_nan(values)).as_py():
            # SQLite would store NaN as null; text stays what it is, even in a column of numbers
            return ["NaN" if value != value else value for value in values.to_pylist()]
        return values.to_pylist()

    def encode_key(self, value: Any, dialect: str) -> Any:
        """Give one value of a key, from wherever it comes, as the database driver takes it.

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
            value = self._plain_key(value.item() if hasattr(value, "item") else value)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ValueError(
                f"{value!r} is not a value of the key column '{self.name}' of type {self.type}."
            ) from error
        if value is None:
            return None
        if dialect == "postgresql":
            # such text cannot be there, and the driver would refuse to ask for it
            return None if self.kind == "string" and "\0" in value else value
        if self.kind in _TIMES:
            return (value - _EPOCH) // timedelta(microseconds=1)
        if self.kind == "date":
            return (value - _EPOCH.date()).days
        return f"{value:f}" if self.kind == "decimal" else value

    def key_encoder(self, dialect: str) -> Callable[[Any], Any]:
        """Give :meth:`encode_key` for one database; what most keys are passes at once.

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

    def _plain_key(self, value: Any) -> Any:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if self.kind in _WHOLE:
            if isinstance(value, float) and not value.is_integer():
                raise ValueError("not a whole number")
            value, most = int(value), 2 ** (_BITS[self.kind] - 1)
            if not -most <= value < most:
                raise ValueError("too large")
            return value
        if self.kind in _TIMES:
            value = datetime.fromisoformat(value) if isinstance(value, str) else value
            return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        if self.kind == "date":
            value = date.fromisoformat(value) if isinstance(value, str) else value
            return value.date() if isinstance(value, datetime) else value
        if self.kind == "decimal":
            exact, step = Decimal(str(value)), Decimal(1).scaleb(-self._precision_and_scale[1])
            if (rounded := exact.quantize(step, context=_DECIMALS)) != exact:
                raise ValueError("more digits than the column has")
            return rounded
        if self.kind == "boolean":
            if value not in (False, True):
                raise ValueError("not a boolean")
            return bool(value)
        if self.kind == "binary":
            return bytes(memoryview(value))
        if self.kind == "string" and not isinstance(value, str):
            raise TypeError("not text")
        return value

    # ---- out of the database ---------------------------------------------------------------------
    def decoder(self, dialect: str) -> Callable[[Any], Any] | None:
        """Give the function that makes a value of what the database gave, or None if it is one.

        Examples
        --------
        >>> OnlineColumn("ts", "timestamp").decoder("sqlite")(0)
        datetime.datetime(1970, 1, 1, 0, 0)
        """
        if self.kind == "nested":
            return json.loads
        return None if dialect == "postgresql" else _DECODERS.get(self.kind)


_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TIMES, lambda value: _EPOCH + timedelta(0, 0, value)),
    "date": lambda value: _EPOCH.date() + timedelta(days=value),
    "boolean": bool,
    "decimal": Decimal,
    "float": float,  # "NaN" is one
    "double": float,
}
