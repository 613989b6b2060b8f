"""The types of literals, as far as their text tells: the engine is not asked.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-literals
"""

from __future__ import annotations

from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NullType,
    ShortType,
    StringType,
    TimestampNTZType,
)
from sqlglot import exp

_SIMPLE: dict[exp.DType, DataType] = {
    exp.DType.TINYINT: ByteType(),
    exp.DType.SMALLINT: ShortType(),
    exp.DType.INT: IntegerType(),
    exp.DType.BIGINT: LongType(),
    exp.DType.FLOAT: FloatType(),
    exp.DType.DOUBLE: DoubleType(),
    exp.DType.BOOLEAN: BooleanType(),
    exp.DType.TEXT: StringType(),
    exp.DType.BINARY: BinaryType(),
    exp.DType.DATE: DateType(),
    exp.DType.TIMESTAMPNTZ: TimestampNTZType(),
}
_LARGEST_INT = 2**31 - 1
_LARGEST_BIGINT = 2**63 - 1


def literal_type(node: exp.Expr) -> DataType | None:
    """Return the type of a literal or of a cast to a simple type; None for any other expression.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> [literal_type(parse_expression(text)) for text in ("-1", "1.5", "'a'", "DATE'2024-01-31'", "x")]
    [IntegerType(), DecimalType(2,1), StringType(), DateType(), None]
    """
    while isinstance(node, exp.Neg | exp.Paren):
        node = node.this
    if isinstance(node, exp.Literal):
        return StringType() if node.is_string else _number_type(node.name)
    if isinstance(node, exp.Null):
        return NullType()
    if isinstance(node, exp.Boolean):
        return BooleanType()
    if isinstance(node, exp.Cast) and isinstance(node.to, exp.DataType):
        return DecimalType() if node.is_type("decimal") else _SIMPLE.get(node.to.this)
    return None


def _number_type(text: str) -> DataType:
    if "e" in text.lower():
        return DoubleType()
    if not text.isdigit():
        digits = text.replace(".", "").lstrip("0")
        scale = len(text.partition(".")[2])
        return DecimalType(min(max(len(digits), scale, 1), 38), min(scale, 38))
    number = int(text)
    if number > _LARGEST_BIGINT:
        return DecimalType(min(len(text), 38), 0)
    return IntegerType() if number <= _LARGEST_INT else LongType()
