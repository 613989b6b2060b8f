"""NaN of NumPy, PyArrow and Python as Java has it: with no sign.

``0.0 / 0.0`` of NumPy is a NaN with a sign. The engine orders it before all numbers, and finds it unequal to other
NaN. To Spark all NaN are equal, and larger than any other number.

Follows https://spark.apache.org/docs/latest/sql-ref-datatypes.html#nan-semantics
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Row


def canonical_nan(data: Any) -> Any:
    """Return the data of a new DataFrame with each NaN as Java has it.

    Parameters
    ----------
    data : numpy.ndarray, pyarrow.Table, list or other
        What ``createDataFrame`` takes. NaN of pandas is null there, so pandas stays as it is. NaN within
        lists, structs and maps stays as it is, too.

    Examples
    --------
    >>> import math
    >>> ((number,),) = canonical_nan([(-math.nan,)])
    >>> math.copysign(1, number)
    1.0
    """
    if isinstance(data, np.ndarray) and np.issubdtype(data.dtype, np.floating):
        return np.where(np.isnan(data), data.dtype.type(math.nan), data)
    if isinstance(data, pa.Table):
        return canonical_table(data)
    if isinstance(data, list | tuple):
        return [_canonical_row(row) for row in data]
    return data


def canonical_table(table: pa.Table) -> pa.Table:
    """Return a table with each NaN of its DOUBLE and FLOAT columns as Java has it."""
    for index, field in enumerate(table.schema):
        if pa.types.is_float32(field.type) or pa.types.is_float64(field.type):
            column = table.column(index)
            nan = pa.scalar(math.nan, field.type)
            table = table.set_column(index, field, pc.if_else(pc.is_nan(column), nan, column))
    return table


def _canonical_row(row: Any) -> Any:
    if isinstance(row, float):
        return math.nan if _is_signed(row) else row
    if isinstance(row, dict):
        return {key: math.nan if _is_signed(value) else value for key, value in row.items()}
    if not isinstance(row, list | tuple) or not any(map(_is_signed, row)):
        return row
    values = [math.nan if _is_signed(value) else value for value in row]
    if isinstance(row, Row):
        changed = Row(*values)
        if hasattr(row, "__fields__"):
            changed.__fields__ = row.__fields__
        return changed
    return tuple(values)


def _is_signed(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value) and math.copysign(1, value) < 0
