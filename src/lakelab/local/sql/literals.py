"""Values as expressions of SQL, with the type that Spark gives them.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-literals

Tested in ``tests/local/sql/test_parameters.py``.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

_INT, _LONG = 2**31, 2**63


def literal(value: Any) -> exp.Expr | None:
    """Return a value of Python as the literal that Spark makes of it; None if there is no such literal.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import to_sql
    >>> [to_sql(literal(x)) for x in (5, 2**40, 2.5, None, True, [1, 2], {"a": 1})]
    ['5', 'CAST(1099511627776 AS BIGINT)', 'CAST(2.5 AS DOUBLE)', 'NULL', 'TRUE', 'array(1, 2)', "map('a', 1)"]
    """
    if isinstance(value, exp.Expr):
        return value
    if isinstance(value, list | tuple):
        return _call("array", value)
    if isinstance(value, dict):
        return _call("map", [part for pair in value.items() for part in pair])
    return _atom(value)


def typed_literal(value: Any, kind: DataType) -> exp.Expr:
    """Return a value of a result as an expression of its type.

    Parameters
    ----------
    value : Any
        The value as ``collect`` returns it.
    kind : DataType

    Examples
    --------
    >>> from pyspark.sql.types import ArrayType, ByteType, StringType
    >>> from lakelab.local.sql.dialect import to_sql
    >>> to_sql(typed_literal(5, ByteType())), to_sql(typed_literal(["a"], ArrayType(StringType())))
    ('CAST(5 AS TINYINT)', "array('a')")
    """
    from pyspark.sql.types import ArrayType, MapType, NullType, StringType, StructType

    if isinstance(kind, NullType):
        return exp.null()
    if value is None or (isinstance(kind, ArrayType | MapType) and not value):
        empty = exp.null() if value is None else exp.Anonymous(this=kind.typeName(), expressions=[])
        return exp.cast(empty, kind.simpleString(), dialect="databricks")
    if isinstance(kind, ArrayType):
        items = [typed_literal(item, kind.elementType) for item in value]
        return exp.Anonymous(this="array", expressions=items)
    if isinstance(kind, MapType):
        pairs = [(k, kind.keyType, v, kind.valueType) for k, v in value.items()]
        parts = [x for k, kt, v, vt in pairs for x in (typed_literal(k, kt), typed_literal(v, vt))]
        return exp.Anonymous(this="map", expressions=parts)
    if isinstance(kind, StructType):
        fields: list[exp.Expr] = []
        for field, item in zip(kind.fields, value, strict=True):
            fields += [exp.Literal.string(field.name), typed_literal(item, field.dataType)]
        return exp.Anonymous(this="named_struct", expressions=fields)
    atom = _atom(value)
    assert atom is not None
    if isinstance(kind, StringType):
        return atom
    return exp.cast(atom, kind.simpleString(), dialect="databricks")


def _call(function: str, values: Any) -> exp.Expr | None:
    parts = [literal(value) for value in values]
    if any(part is None for part in parts):
        return None
    return exp.Anonymous(this=function, expressions=parts)


def _atom(value: Any) -> exp.Expr | None:
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, bytes | bytearray):
        return exp.Anonymous(this="unhex", expressions=[exp.Literal.string(value.hex())])
    return _moment_or_decimal(value)


def _integer(value: int) -> exp.Expr | None:
    if not -_LONG <= value < _LONG:
        return None
    number: exp.Expr = exp.Literal.number(abs(value))
    number = exp.Neg(this=number) if value < 0 else number
    return number if -_INT <= value < _INT else exp.cast(number, "bigint", dialect="databricks")


def _double(value: float) -> exp.Expr:
    if math.isfinite(value):
        number: exp.Expr = exp.Literal.number(f"{abs(value)!r}")
        number = exp.Neg(this=number) if math.copysign(1, value) < 0 else number
        return exp.cast(number, "double", dialect="databricks")
    return exp.cast(exp.Literal.string(str(value)), "double", dialect="databricks")


def _moment_or_decimal(value: Any) -> exp.Expr | None:
    if isinstance(value, Decimal):
        digits, exponent = value.as_tuple().digits, value.as_tuple().exponent
        if not isinstance(exponent, int):
            return None
        scale = max(-exponent, 0)
        precision = max(len(digits) + max(exponent, 0), scale, 1)
        kind = f"decimal({precision}, {scale})"
        return exp.cast(exp.Literal.string(f"{value:f}"), kind, dialect="databricks")
    if isinstance(value, dt.datetime):
        # a moment without a zone is one of this process, whose zone is UTC
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        text = moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f") + "Z"
        return exp.cast(exp.Literal.string(text), "timestamp", dialect="databricks")
    if isinstance(value, dt.date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date", dialect="databricks")
    return None
