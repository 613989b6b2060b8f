"""approxQuantile answers as Spark does; values of real Spark."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException


def test_a_quantile_is_the_value_of_its_rank(spark):
    frame = spark.createDataFrame([(1,), (2,), (3,), (4,), (5,)], ["values"])
    assert frame.approxQuantile("values", [0.0, 0.5, 1.0], 0.05) == [1.0, 3.0, 5.0]
    assert frame.approxQuantile("values", [0.0, 0.2, 1.0], 0.1) == [1.0, 1.0, 5.0]
    assert frame.approxQuantile("values", [0.3, 0.9], 0.0) == [2.0, 5.0]


def test_several_columns_have_a_list_each(spark):
    frame = spark.createDataFrame([(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)], ["a", "b.c"])
    assert frame.stat.approxQuantile(["a", "b.c"], [0.0, 0.5, 1.0], 0.05) == [
        [1.0, 3.0, 5.0],
        [10.0, 30.0, 50.0],
    ]


def test_null_and_nan_have_no_rank(spark):
    frame = spark.createDataFrame([(1.0,), (None,), (float("nan"),), (2.0,)], "x double")
    assert frame.approxQuantile("x", [0.5, 1.0], 0.0) == [1.0, 2.0]


def test_no_rows_have_no_quantile(spark):
    frame = spark.createDataFrame([], "x double, y int")
    assert frame.approxQuantile(["x", "y"], [0.5], 0.0) == [[], []]


def test_a_column_that_does_not_exist_is_refused(spark):
    with pytest.raises(AnalysisException) as refused:
        spark.range(1).approxQuantile("missing", [0.5], 0.0)
    assert "UNRESOLVED_COLUMN" in refused.value.getCondition()
