"""Convert the predictions of a model to a column of the ``result_type`` of ``score_batch``.

The rules are those of ``mlflow.pyfunc.spark_udf``, which the official client uses. A scalar type takes
the first compatible column. An array takes all compatible columns. A struct takes the columns with the
names of its fields. A string is never parsed as a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql.types import DataType, StructType
    from sqlglot import exp

_SCALARS = ("integer", "long", "float", "double", "string", "boolean")
"""Scalar types of a prediction, by ``typeName()``."""

_TYPES = (
    "int, long, float, double, string or boolean, array<...> of one or of arrays, or "
    "struct<name: type, ...> of these"
)
_COMPATIBLE_DTYPES: dict[str, tuple[Any, Any]] = {
    "integer": (["int8", "uint8", "int16", "uint16", "int32"], "int32"),
    "long": (["int8", "uint8", "int16", "uint16", "int32", "int64"], "int64"),
    "float": (["number"], "float32"),
    "double": (["number"], "float64"),
    "boolean": (["bool"], "bool"),
}
"""Type -> the compatible dtypes of a prediction, and the dtype of the result."""


def parse_result_type(result_type: Any) -> DataType:
    """Parse ``result_type``: a Spark type, or its SQL text.

    Raises
    ------
    ValueError
        If it is not a type, or not a type that a prediction can have.

    Examples
    --------
    >>> parse_result_type("array<double>")
    ArrayType(DoubleType(), True)
    >>> parse_result_type("p double, label string").simpleString()
    'struct<p:double,label:string>'
    >>> parse_result_type("date")
    Traceback (most recent call last):
    ...
    ValueError: result_type='date' is not supported. Give int, long, float, double, string or boolean, \
array<...> of one or of arrays, or struct<name: type, ...> of these.
    """
    from pyspark.sql.types import DataType

    parsed = result_type if isinstance(result_type, DataType) else _parse(str(result_type))
    if parsed is None or not _is_supported(parsed):
        raise ValueError(f"result_type='{result_type}' is not supported. Give {_TYPES}.")
    return parsed


def _parse(text: str) -> DataType | None:
    """Parse a type, or the fields of a struct; return None if predictions cannot have the type."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    for candidate in (text, f"struct<{text}>"):
        try:
            return _from_sql(exp.DataType.build(candidate, dialect="databricks"))
        except (SqlglotError, ValueError, KeyError):
            continue
    return None


def _from_sql(node: exp.DataType) -> DataType:
    from pyspark.sql import types
    from sqlglot import exp

    kinds = exp.DataType.Type
    if node.this == kinds.ARRAY and len(node.expressions) == 1:
        return types.ArrayType(_from_sql(node.expressions[0]))
    if node.this == kinds.STRUCT and node.expressions:
        fields = [(field.name, _from_sql(field.args["kind"])) for field in node.expressions]
        return types.StructType([types.StructField(name, kind) for name, kind in fields])
    return {
        kinds.INT: types.IntegerType(),
        kinds.BIGINT: types.LongType(),
        kinds.FLOAT: types.FloatType(),
        kinds.DOUBLE: types.DoubleType(),
        kinds.TEXT: types.StringType(),
        kinds.BOOLEAN: types.BooleanType(),
    }[node.this]


def _is_supported(data_type: DataType, inside: bool = False) -> bool:
    from pyspark.sql.types import ArrayType, StructType

    if isinstance(data_type, ArrayType):
        return _is_supported(data_type.elementType, inside=True)
    if isinstance(data_type, StructType):
        return not inside and all(_is_supported(f.dataType, inside=True) for f in data_type.fields)
    return data_type.typeName() in _SCALARS


def convert_predictions(predictions: Any, result_type: DataType) -> pa.Array:
    """Convert the return value of ``predict`` to an Arrow array.

    Parameters
    ----------
    predictions : numpy.ndarray, pandas.Series, pandas.DataFrame, list or dict
        One value or row of values for each scored row.
    result_type : pyspark.sql.types.DataType
        The type of the column.

    Raises
    ------
    mlflow.exceptions.MlflowException
        If no column of the predictions is compatible with the type.

    Examples
    --------
    >>> convert_predictions([1.5, 2.5], parse_result_type("float")).to_pylist()
    [1.5, 2.5]
    >>> convert_predictions(["late", "on time"], parse_result_type("string")).to_pylist()
    ['late', 'on time']
    """
    import pandas as pd
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import ArrayType, StructType

    if isinstance(predictions, dict):
        predictions = {name: list(values) for name, values in predictions.items()}
    arrow_type = to_arrow_type(result_type)
    if isinstance(result_type, ArrayType) and isinstance(result_type.elementType, ArrayType):
        rows = [row.tolist() if hasattr(row, "tolist") else row for row in predictions]
        return pa.array(rows, arrow_type)
    frame = predictions if isinstance(predictions, pd.DataFrame) else pd.DataFrame(predictions)
    if isinstance(result_type, StructType):
        return _struct(frame, result_type)
    element = result_type.elementType if isinstance(result_type, ArrayType) else result_type
    frame = _compatible_columns(frame, element.typeName())
    if isinstance(result_type, ArrayType):
        return pa.array(frame.to_numpy().tolist(), arrow_type)
    return pa.array(frame[frame.columns[0]].to_numpy(), arrow_type, from_pandas=True)


def _struct(frame: pd.DataFrame, result_type: StructType) -> pa.Array:
    """Return the columns of a struct's fields, converted to their types."""
    from mlflow.exceptions import MlflowException
    from pyspark.sql.pandas.types import to_arrow_type

    columns = []
    for field in result_type.fields:
        if field.name not in frame:
            predicted = ", ".join(map(str, frame.columns))
            raise MlflowException.invalid_parameter_value(
                f"result_type has the field '{field.name}', which the model does not predict. It "
                f"predicts: {predicted}."
            )
        kind, values = field.dataType.typeName(), frame[field.name]
        try:
            if kind == "string":
                values = values.map(str, na_action="ignore")
            elif kind in _COMPATIBLE_DTYPES and not values.isna().any():
                values = values.astype(_COMPATIBLE_DTYPES[kind][1])
            arrow_type = to_arrow_type(field.dataType)
            columns.append(pa.array(values.tolist(), arrow_type, from_pandas=True))
        except (ValueError, TypeError, pa.ArrowException) as error:
            raise MlflowException.invalid_parameter_value(
                f"What the model predicts as '{field.name}' is no {field.dataType.simpleString()}: "
                f"{error}"
            ) from error
    return pa.StructArray.from_arrays(columns, names=result_type.fieldNames())


def _compatible_columns(frame: pd.DataFrame, type_name: str) -> pd.DataFrame:
    """Return the columns that are compatible with a type, converted to it."""
    from mlflow.exceptions import MlflowException

    if type_name == "string":
        return frame.map(str)
    dtypes, dtype = _COMPATIBLE_DTYPES[type_name]
    compatible: pd.DataFrame = frame.select_dtypes(dtypes)
    if compatible.columns.empty:
        predicted = ", ".join(sorted({str(dtype) for dtype in frame.dtypes}))
        raise MlflowException.invalid_parameter_value(
            f"The model did not produce any values compatible with result_type '{type_name}': it "
            f"predicts {predicted}. Ask for another type, such as result_type='string'."
        )
    converted: pd.DataFrame = compatible.astype(dtype)
    return converted
