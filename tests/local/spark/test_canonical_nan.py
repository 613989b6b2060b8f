"""NaN with a sign, as NumPy computes it, is the NaN of Spark: larger than all numbers, equal to NaN."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import Row

from lakelab.local.spark.canonical_nan import canonical_nan, canonical_table
from lakelab.local.spark.results import as_dataframe

SIGNED = -math.nan
DATA = {
    "numpy": np.array([[SIGNED], [1.0]]),
    "numpy, 32 bits": np.array([SIGNED, 1.0], "float32"),
    "pyarrow": pa.table({"x": [SIGNED, 1.0, None]}),
    "tuples": [(SIGNED,), (1.0,), (None,)],
    "lists": [[SIGNED], [1.0]],
    "rows": [Row(x=SIGNED), Row(x=1.0)],
    "dictionaries": [{"x": SIGNED}, {"x": 1.0}],
}


def ordered(frame):
    """Return the numbers of a DataFrame as the engine orders them, without nulls."""
    frame = frame.toDF("x").where("x IS NOT NULL")
    assert frame.where("x > 100").count() == 1
    return [str(row["x"]) for row in frame.orderBy("x").collect()]


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_nan_is_the_largest_number(spark, data):
    assert ordered(spark.createDataFrame(data)) == ["1.0", "nan"]


def test_nan_of_a_list_of_numbers(spark):
    assert ordered(spark.createDataFrame([SIGNED, 1.0], "double")) == ["1.0", "nan"]


def test_nan_of_a_computed_result(spark):
    assert ordered(as_dataframe(spark, pa.table({"x": [SIGNED, 1.0]}))) == ["1.0", "nan"]


def test_all_else_stays():
    rows = [(1, "a", None, 2.5), {"b": 1}, None]
    assert canonical_nan(rows) == rows
    row = Row(b=SIGNED, a=1)
    assert canonical_nan([row])[0].__fields__ == ["b", "a"]
    table = pa.table({"f": pa.array([1.5, None], pa.float32()), "s": ["a", None]})
    assert canonical_table(table).equals(table)
    integers = np.array([1, 2])
    assert canonical_nan(integers) is integers
