"""Checks that several methods of the client use."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyspark.sql.types import CalendarIntervalType, LongType, StringType, StructField, StructType

from lakelab.local.feature_engineering.validation import (
    require_columns,
    require_feature_types,
    require_no_kwargs,
    require_valid_keys,
)

SCHEMA = StructType([StructField("k", LongType()), StructField("name", StringType())])


def test_unknown_arguments_raise_a_type_error() -> None:
    require_no_kwargs({}, "read_table")
    with pytest.raises(TypeError, match=r"read_table\(\) got unexpected .*\['version'\]"):
        require_no_kwargs({"version": 1}, "read_table")


def test_supported_types_are_accepted() -> None:
    require_feature_types(SCHEMA)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "has no columns"),
        ([StructField("k", LongType()), StructField("K", LongType())], "duplicate .*'k'"),
        ([StructField("k", CalendarIntervalType())], "k .type: interval."),
    ],
)
def test_an_invalid_schema_raises(fields: list[StructField], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        require_feature_types(StructType(fields))


def test_a_missing_column_raises() -> None:
    require_columns(SCHEMA, ["k", "name"], "primary keys")
    with pytest.raises(ValueError, match=r"primary keys. Missing: 'ts'. It has: k, name."):
        require_columns(SCHEMA, ["k", "ts"], "primary keys")


def test_unique_keys_without_nulls_are_valid() -> None:
    require_valid_keys(pa.table({"k": [1, 1, 2], "ts": [1, 2, 1], "x": [0, 0, 0]}), ["k", "ts"])


def test_a_null_in_a_key_raises() -> None:
    with pytest.raises(ValueError, match="'ts' has null in 1 of 2 rows"):
        require_valid_keys(pa.table({"k": [1, 2], "ts": [1, None]}), ["k", "ts"])


def test_a_duplicate_key_raises() -> None:
    with pytest.raises(ValueError, match="k=1, ts=5 occurs 3 times"):
        require_valid_keys(pa.table({"k": [1, 1, 2, 1], "ts": [5] * 4}), ["k", "ts"])
