"""Turn what a model returned into a column of the type that ``score_batch`` was asked for.

The rules are those of ``mlflow.pyfunc.spark_udf``, which the official client predicts with: of several
columns the first that fits counts, an array has all that fit, a struct those that it names, and a number
is never read out of a string.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql.types import DataType, StructType
    from sqlglot import exp

_SCALARS = ("integer", "long", "float", "double", "string", "boolean")
"""Types of a prediction, by ``typeName()``."""

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
"""Type -> dtypes of a prediction that fit, and the dtype that it becomes."""


def parse_result_type(result_type: Any) -> DataType:
    """Read ``result_type``: a Spark type, or how SQL writes it.

    Raises
    ------
    ValueError
        If it is neither, or a type that no prediction can have.

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

    found = result_type if isinstance(result_type, DataType) else _parsed(str(result_type))
    if found is None or not _is_supported(found):
        raise ValueError(f"result_type='{result_type}' is not supported. Give {_TYPES}.")
    return found


def _parsed(text: str) -> DataType | None:
    """Read a type, or the fields of a struct; None if it is none that Spark has for predictions."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    for told in (text, f"struct<{text}>"):
        try:
            return _from_sql(exp.DataType.build(told, dialect="databricks"))
        except (SqlglotError, ValueError, KeyError):
            continue
    return None


def _from_sql(told: exp.DataType) -> DataType:
    from pyspark.sql import types
    from sqlglot import exp

    kinds = exp.DataType.Type
    if told.this == kinds.ARRAY and len(told.expressions) == 1:
        return types.ArrayType(_from_sql(told.expressions[0]))
    if told.this == kinds.STRUCT and told.expressions:
        fields = [(field.name, _from_sql(field.args["kind"])) for field in told.expressions]
        return types.StructType([types.StructField(name, kind) for name, kind in fields])
    return {
        kinds.INT: types.IntegerType(),
        kinds.BIGINT: types.LongType(),
        kinds.FLOAT: types.FloatType(),
        kinds.DOUBLE: types.DoubleType(),
        kinds.TEXT: types.StringType(),
        kinds.BOOLEAN: types.BooleanType(),
    }[told.this]


def _is_supported(data_type: DataType, inside: bool = False) -> bool:
    from pyspark.sql.types import ArrayType, StructType

    if isinstance(data_type, ArrayType):
        return _is_supported(data_type.elementType, inside=True)
    if isinstance(data_type, StructType):
        return not inside and all(_is_supported(f.dataType, inside=True) for f in data_type.fields)
    return data_type.typeName() in _SCALARS


def convert_predictions(predictions: Any, result_type: DataType) -> pa.Array:
    """Convert the return value of ``predict``.

    Parameters
    ----------
    predictions : numpy.ndarray, pandas.Series, pandas.DataFrame, list or dict
        One value or row of values for each row that was scored.
    result_type : pyspark.sql.types.DataType
        The type of the column.

    Raises
    ------
    mlflow.exceptions.MlflowException
        If no column of the predictions fits the type.

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
    """Give the columns that a struct names, converted to its types."""
    from mlflow.exceptions import MlflowException
    from pyspark.sql.pandas.types import to_arrow_type

    columns = []
    for field in result_type.fields:
        if field.name not in frame:
            told = ", ".join(map(str, frame.columns))
            raise MlflowException.invalid_parameter_value(
                f"result_type has the field '{field.name}', which the model does not predict. It "
                f"predicts: {told}."
            )
        kind, values = field.dataType.typeName(), frame[field.name]
        try:
            if kind == "string":
                values = values.map(str, na_action="ignore")
            elif kind in _COMPATIBLE_DTYPES and not values.isna().any():
                values = values.astype(_COMPATIBLE_DTYPES[kind][1])
            wanted = to_arrow_type(field.dataType)
            columns.append(pa.array(values.tolist(), wanted, from_pandas=True))
        except (ValueError, TypeError, pa.ArrowException) as error:
            raise MlflowException.invalid_parameter_value(
                f"What the model predicts as '{field.name}' is no {field.dataType.simpleString()}: "
                f"{error}"
            ) from error
    return pa.StructArray.from_arrays(columns, names=result_type.fieldNames())


def _compatible_columns(frame: pd.DataFrame, type_name: str) -> pd.DataFrame:
    """Keep the columns that fit a type, converted to it."""
    from mlflow.exceptions import MlflowException

    if type_name == "string":
        return frame.map(str)
    dtypes, dtype = _COMPATIBLE_DTYPES[type_name]
    fitting: pd.DataFrame = frame.select_dtypes(dtypes)
    if fitting.columns.empty:
        told = ", ".join(sorted({str(dtype) for dtype in frame.dtypes}))
        raise MlflowException.invalid_parameter_value(
            f"The model did not produce any values compatible with result_type '{type_name}': it "
            f"predicts {told}. Ask for another type, such as result_type='string'."
        )
    converted: pd.DataFrame = fitting.astype(dtype)
    return converted
