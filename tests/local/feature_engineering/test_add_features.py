"""Features are added to rows, and default values replace null."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from lakelab.local.feature_engineering.add_features import add_features, parse_default_value
from lakelab.local.feature_engineering.feature_spec import (
    FeatureColumn,
    FeatureSpec,
    InputTable,
    SourceColumn,
)


def feature(name: str, data_type: str, default: str | None = None) -> FeatureColumn:
    return FeatureColumn(
        name, data_type, True, "main.f.t", name, lookup_key=("k",), default_value=default
    )


def spec(*features: FeatureColumn) -> FeatureSpec:
    return FeatureSpec((SourceColumn("k", "bigint"), *features), (InputTable("main.f.t", "id", 0),))


def test_a_column_of_the_rows_replaces_the_lookup() -> None:
    rows = pa.table({"k": [1, 2], "x": [5, None]})
    assert add_features(rows, spec(feature("x", "bigint")), {}) == rows


def test_default_values_replace_null_and_nan() -> None:
    rows = pa.table({"k": [1, 2, 3], "x": [1.5, None, math.nan], "s": [None, "a", None]})
    result = add_features(rows, spec(feature("x", "double", "0.5"), feature("s", "string", "")), {})
    assert result.to_pydict() == {"k": [1, 2, 3], "x": [1.5, 0.5, 0.5], "s": ["", "a", ""]}


def test_a_missing_lookup_key_raises() -> None:
    with pytest.raises(ValueError, match="Lookup key 'k' not found in DataFrame"):
        add_features(pa.table({"other": [1]}), spec(feature("x", "bigint")), {})


@pytest.mark.parametrize(
    ("text", "data_type", "value"),
    [
        ("3", "bigint", 3),
        ("-1", "smallint", -1),
        ("0.5", "float", 0.5),
        ("True", "boolean", True),
        ("3", "string", "3"),
    ],
)
def test_a_default_value_is_parsed_in_the_type_of_the_feature(
    text: str, data_type: str, value: Any
) -> None:
    parsed = parse_default_value(text, data_type)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "data_type", "message"),
    [
        ("0.5", "bigint", "'0.5' is not of the feature's type, bigint"),
        ("yes", "boolean", "'yes' is not of the feature's type, boolean"),
        ("2024-01-01", "date", "type date cannot have a default value"),
    ],
)
def test_an_invalid_default_value_raises(text: str, data_type: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_default_value(text, data_type)
