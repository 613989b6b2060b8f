"""Turn what a model returned into a column of the type that ``score_batch`` was asked for.

The rules are those of ``mlflow.pyfunc.spark_udf``, which the official client predicts with: of
several columns the first that fits counts, and a number is never read out of a string.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql.types import DataType

_NAMES = {
    "int": "integer",
    "integer": "integer",
    "long": "long",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "boolean": "boolean",
}
_FITTING: dict[str, tuple[Any, Any]] = {
    "integer": (["int8", "uint8", "int16", "uint16", "int32"], "int32"),
    "long": (["int8", "uint8", "int16", "uint16", "int32", "int64"], "int64"),
    "float": (["number"], "float32"),
    "double": (["number"], "float64"),
    "boolean": (["bool"], "bool"),
}
"""Type -> dtypes of a prediction that fit, and the dtype that it becomes."""


def parse_result_type(result_type: Any) -> DataType:
    """Read ``result_type``: a Spark type or its name in SQL, scalar or array of a scalar.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> parse_result_type("array<double>")
    ArrayType(DoubleType(), True)
    """
    from pyspark.sql import types

    if isinstance(result_type, types.DataType):
        return result_type
    text = str(result_type).lower().replace(" ", "")
    if text.startswith("array<") and text.endswith(">"):
        return types.ArrayType(parse_result_type(text[len("array<") : -1]))
    classes = {
        "integer": types.IntegerType,
        "long": types.LongType,
        "float": types.FloatType,
        "double": types.DoubleType,
        "string": types.StringType,
        "boolean": types.BooleanType,
    }
    if text not in _NAMES:
        raise ValueError(
            f"result_type='{result_type}' is not supported. "
            f"Give one of {', '.join(_NAMES)}, or array<...> of one."
        )
    return classes[_NAMES[text]]()


def as_result_type(predictions: Any, result_type: DataType) -> pa.Array:
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
    >>> as_result_type([1.5, 2.5], parse_result_type("float")).to_pylist()
    [1.5, 2.5]
    >>> as_result_type(["late", "on time"], parse_result_type("string")).to_pylist()
    ['late', 'on time']
    """
    import pandas as pd
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import ArrayType

    if isinstance(predictions, dict):
        predictions = {name: list(values) for name, values in predictions.items()}
    arrow_type = to_arrow_type(result_type)
    if isinstance(result_type, ArrayType) and isinstance(result_type.elementType, ArrayType):
        return pa.array(list(predictions), arrow_type)
    frame = predictions if isinstance(predictions, pd.DataFrame) else pd.DataFrame(predictions)
    element = result_type.elementType if isinstance(result_type, ArrayType) else result_type
    frame = _fitting(frame, element.typeName())
    if isinstance(result_type, ArrayType):
        return pa.array(frame.to_numpy().tolist(), arrow_type)
    return pa.array(frame[frame.columns[0]].to_numpy(), arrow_type, from_pandas=True)


def _fitting(frame: pd.DataFrame, type_name: str) -> pd.DataFrame:
    """Keep the columns that fit a type, converted to it."""
    from mlflow.exceptions import MlflowException

    if type_name == "string":
        return frame.map(str)
    if type_name not in _FITTING:
        raise MlflowException.invalid_parameter_value(
            f"result_type '{type_name}' is not supported. Give one of {', '.join(_NAMES)}, "
            f"or an array of one."
        )
    dtypes, dtype = _FITTING[type_name]
    fitting = frame.select_dtypes(dtypes)
    if fitting.columns.empty:
        told = ", ".join(sorted({str(dtype) for dtype in frame.dtypes}))
        raise MlflowException.invalid_parameter_value(
            f"The model did not produce any values compatible with result_type '{type_name}': it "
            f"predicts {told}. Ask for another type, such as result_type='string'."
        )
    return fitting.astype(dtype)
