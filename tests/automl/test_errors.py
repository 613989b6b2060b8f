"""The error messages of AutoML: the given value, the expected value, and a remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lakelab import automl

GOOD = pd.DataFrame({"x": np.arange(60.0), "c": list("ab") * 30, "late": [True, False, False] * 20})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"target_col": "lat"},
            "target_col='lat' is no column of the dataset. It has: x, c, late, name.",
        ),
        ({"exclude_cols": ["y"]}, "exclude_cols='y' is no column"),
        ({"time_col": "when"}, "time_col='when' is no column"),
        ({"imputers": {"z": "mean"}}, "imputers='z' is no column"),
        ({"exclude_cols": ["late"]}, "which another parameter needs"),
        ({"exclude_cols": ["x", "c"]}, "no column is left to train on"),
        ({"primary_metric": "auc"}, "f1, log_loss, precision, accuracy, roc_auc"),
        ({"exclude_frameworks": ["torch"]}, "sklearn, lightgbm, xgboost"),
        ({"exclude_frameworks": ["sklearn", "lightgbm", "xgboost"]}, "leaves no framework"),
        ({"imputers": {"c": "mean"}}, "a categorical column takes 'most_frequent'"),
        ({"imputers": {"x": {"strategy": "constant"}}}, "fill_value"),
        ({"imputers": {"name": "most_frequent"}}, "and that column has 60 values in 60 rows"),
        ({"pos_label": "yes"}, "pos_label='yes' is no class of the target"),
        ({"time_col": "x", "split_col": "c"}, "two ways to split"),
        ({"split_col": "c"}, "has no row that says 'train'"),
        ({"sample_weight_col": "c"}, "from 0 to 10,000"),
        ({"max_trials": 5}, "use timeout_minutes"),
        ({"data_dir": "/dbfs/x"}, "leave it out"),
        ({"timeout_minutes": 0}, "above 0"),
        ({"timeout_minutes": "5"}, "a number"),
        ({"feature_store_lookups": [{"table": "t"}]}, "expected table_name, lookup_key"),
        ({"experiment_name": "a/b"}, "experiment_dir"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(arguments, message):
    rows = GOOD.assign(name=[f"flight {number}" for number in range(60)])
    with pytest.raises(automl.AutoMLError) as error:
        automl.classify(rows, **{"target_col": "late", "timeout_minutes": 1, **arguments})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (GOOD.head(3), "the dataset has 3 rows"),
        (GOOD.assign(late=True), "has one class only, True"),
        (GOOD.assign(late=None), "0 of them with a 'late'"),
        (GOOD[["late"]].assign(x=None, y=1), "x has no value at all"),
        (pd.concat([GOOD, GOOD[["x"]]], axis=1), "more than one column named x"),
        ([1, 2, 3], "dataset is a list"),
        (GOOD.assign(late=range(60)), "regress if the target is a number"),
        ("main.lakelab.flights", "needs a Spark session"),
    ],
)
def test_a_dataset_that_cannot_be_used_is_refused(rows, message, monkeypatch):
    from pyspark.sql import SparkSession

    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    with pytest.raises(automl.AutoMLError) as error:
        automl.classify(rows, target_col="late", timeout_minutes=1)
    assert message in str(error.value)


def test_regress_refuses_a_target_that_is_no_number():
    with pytest.raises(automl.AutoMLError, match="use classify"):
        automl.regress(GOOD, target_col="c")
