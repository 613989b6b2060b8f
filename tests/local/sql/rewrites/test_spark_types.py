"""The types of operands beside each other are those that real Spark answers."""

from __future__ import annotations

import pytest
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    NullType,
    ShortType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from lakelab.local.sql.rewrites.spark_types import (
    arithmetic_type,
    common_type,
    number_operands,
    wider_type,
)


@pytest.mark.parametrize(
    ("one", "other", "wider"),
    [
        (ByteType(), ShortType(), ShortType()),
        (IntegerType(), LongType(), LongType()),
        (LongType(), FloatType(), DoubleType()),
        (FloatType(), FloatType(), FloatType()),
        (IntegerType(), DecimalType(2, 1), DecimalType(11, 1)),
        (LongType(), DecimalType(38, 6), DecimalType(38, 6)),
        (DecimalType(38, 0), DecimalType(10, 2), DecimalType(38, 0)),
        (FloatType(), DecimalType(2, 1), DoubleType()),
        (StringType(), ByteType(), LongType()),
        (DecimalType(2, 1), StringType(), DoubleType()),
        (StringType(), BooleanType(), BooleanType()),
        (StringType(), DateType(), DateType()),
        (DateType(), TimestampType(), TimestampType()),
        (TimestampNTZType(), TimestampType(), TimestampType()),
        (DateType(), TimestampNTZType(), TimestampNTZType()),
        (NullType(), DateType(), DateType()),
        (IntegerType(), BooleanType(), None),
        (IntegerType(), DateType(), None),
        (ArrayType(IntegerType()), ArrayType(DoubleType()), ArrayType(DoubleType())),
        (ArrayType(IntegerType()), IntegerType(), None),
        (
            MapType(IntegerType(), StringType()),
            MapType(LongType(), StringType()),
            MapType(LongType(), StringType()),
        ),
        (
            StructType().add("a", IntegerType()),
            StructType().add("A", LongType()),
            StructType().add("a", LongType()),
        ),
        (StructType().add("a", IntegerType()), StructType().add("b", IntegerType()), None),
    ],
)
def test_wider_type(one: DataType, other: DataType, wider: DataType | None) -> None:
    assert wider_type(one, other) == wider


def test_common_type_of_many() -> None:
    assert common_type([]) == NullType()
    types = [NullType(), IntegerType(), DecimalType(2, 1), DoubleType()]
    assert common_type(types) == DoubleType()
    assert common_type([IntegerType(), BooleanType(), IntegerType()]) is None


@pytest.mark.parametrize(
    ("operator", "left", "right", "result"),
    [
        ("+", ByteType(), ByteType(), ByteType()),
        ("+", IntegerType(), FloatType(), DoubleType()),
        ("/", LongType(), IntegerType(), DoubleType()),
        ("div", IntegerType(), DecimalType(10, 2), LongType()),
        ("div", IntegerType(), DoubleType(), None),
        ("+", DecimalType(10, 2), DecimalType(5, 4), DecimalType(13, 4)),
        ("*", DecimalType(10, 2), IntegerType(), DecimalType(21, 2)),
        ("*", DecimalType(38, 10), DecimalType(38, 10), DecimalType(38, 6)),
        ("+", DecimalType(38, 10), DecimalType(38, 5), DecimalType(38, 6)),
        ("/", DecimalType(20, 10), DecimalType(20, 5), DecimalType(38, 23)),
        ("%", DecimalType(10, 2), IntegerType(), DecimalType(10, 2)),
        ("-", StringType(), DecimalType(3, 1), DoubleType()),
        ("-", DateType(), DateType(), None),
    ],
)
def test_arithmetic_type(
    operator: str, left: DataType, right: DataType, result: DataType | None
) -> None:
    assert arithmetic_type(operator, left, right) == result


def test_operands_that_are_numbers() -> None:
    assert number_operands(NullType(), NullType()) == (DoubleType(), DoubleType())
    assert number_operands(StringType(), StringType()) is None
    assert number_operands(LongType(), StringType()) == (LongType(), LongType())
