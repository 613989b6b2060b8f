"""Predictions of a model, converted to a column of the result type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from mlflow.exceptions import MlflowException
from pyspark.sql.types import ArrayType, DoubleType, LongType

from lakelab.local.feature_engineering.predictions import convert_predictions, parse_result_type

INTS = np.array([1, 2], "int64")
TABLE = pd.DataFrame({"who": ["x", "y"], "p": [0.25, 0.75], "n": [1, 2]})


@pytest.mark.parametrize(
    ("predictions", "result_type", "values", "type_"),
    [
        (INTS, "double", [1.0, 2.0], pa.float64()),
        (INTS, "float", [1.0, 2.0], pa.float32()),
        (INTS, "long", [1, 2], pa.int64()),
        (INTS, "bigint", [1, 2], pa.int64()),
        (INTS.astype("int32"), "int", [1, 2], pa.int32()),
        (INTS, "string", ["1", "2"], pa.string()),
        (INTS > 1, "boolean", [False, True], pa.bool_()),
        (np.array(["a", "b"]), "string", ["a", "b"], pa.string()),
        (np.array([0.5, np.nan]), "double", [0.5, None], pa.float64()),
        (pd.Series([0.5, 1.5], index=[7, 3]), "double", [0.5, 1.5], pa.float64()),
        ([1.5, 2.5], "double", [1.5, 2.5], pa.float64()),
        ({"a": [1.5, 2.5]}, "double", [1.5, 2.5], pa.float64()),
        (TABLE, "double", [0.25, 0.75], pa.float64()),
        (TABLE, "long", [1, 2], pa.int64()),
        (TABLE, "array<double>", [[0.25, 1.0], [0.75, 2.0]], pa.list_(pa.float64())),
        (np.eye(2), ArrayType(DoubleType()), [[1.0, 0.0], [0.0, 1.0]], pa.list_(pa.float64())),
        (INTS, LongType(), [1, 2], pa.int64()),
        (np.array([]), "double", [], pa.float64()),
        (INTS > 1, "bool", [False, True], pa.bool_()),
        (np.eye(2), "array<string>", [["1.0", "0.0"], ["0.0", "1.0"]], pa.list_(pa.string())),
        (
            np.ones((2, 1, 2)),
            "array<array<double>>",
            [[[1.0, 1.0]], [[1.0, 1.0]]],
            pa.list_(pa.list_(pa.float64())),
        ),
        (
            TABLE,
            "struct<p: float, who: string>",
            [{"p": 0.25, "who": "x"}, {"p": 0.75, "who": "y"}],
            pa.struct({"p": pa.float32(), "who": pa.string()}),
        ),
        (
            {"n": [1.0, None], "v": [[1, 2], None]},
            "n int, v array<double>",
            [{"n": 1, "v": [1.0, 2.0]}, {"n": None, "v": None}],
            pa.struct({"n": pa.int32(), "v": pa.list_(pa.float64())}),
        ),
    ],
)
def test_conversions(
    predictions: Any, result_type: Any, values: list[Any], type_: pa.DataType
) -> None:
    column = convert_predictions(predictions, parse_result_type(result_type))
    assert column.to_pylist() == values
    assert column.type == type_


@pytest.mark.parametrize(
    ("predictions", "result_type"),
    [
        (np.array(["a"]), "double"),
        (INTS, "int"),
        (INTS, "boolean"),
        (INTS > 1, "double"),
        (np.array([0.5]), "long"),
        (TABLE, "struct<p: double, q: double>"),
    ],
)
def test_incompatible_predictions_raise(predictions: Any, result_type: str) -> None:
    with pytest.raises(MlflowException, match="result_type"):
        convert_predictions(predictions, parse_result_type(result_type))


UNKNOWN = [
    "number",
    "",
    None,
    3,
    "array<>",
    "map<string,int>",
    "struct<a: date>",
    "array<struct<a: int>>",
]


@pytest.mark.parametrize("result_type", UNKNOWN)
def test_unsupported_result_types_raise(result_type: Any) -> None:
    with pytest.raises(ValueError, match="not supported"):
        parse_result_type(result_type)


def test_an_incompatible_field_is_in_the_message() -> None:
    with pytest.raises(MlflowException, match="'who' is no double"):
        convert_predictions(TABLE, parse_result_type("struct<who: double>"))
