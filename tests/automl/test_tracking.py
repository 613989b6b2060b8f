"""The MLflow records of a call."""

from __future__ import annotations

import mlflow
import pandas as pd
import pytest

from lakelab import automl
from lakelab.automl.supervised import run_supervised
from lakelab.automl.tracking import DATA_RUN, create_records

GOOD = pd.DataFrame({"x": range(60), "c": list("ab") * 30, "late": [True, False, False] * 20})


def test_an_experiment_is_created_once():
    def once():
        return run_supervised(
            "classify",
            GOOD,
            target_col="late",
            primary_metric="f1",
            experiment_name="once",
            experiment_dir="/Shared/lab",
            exclude_frameworks=["lightgbm", "xgboost"],
            stop_after=1,
        )

    assert once().experiment.name == "/Shared/lab/once"
    with pytest.raises(automl.AutoMLError, match="there is an experiment /Shared/lab/once already"):
        once()


def test_the_data_run_keeps_the_rows():
    records = create_records("classify", "late", GOOD)
    path = mlflow.artifacts.download_artifacts(
        run_id=records.data_run_id, artifact_path="data/training_data.parquet"
    )
    assert pd.read_parquet(path).equals(GOOD)
    assert mlflow.get_run(records.data_run_id).info.run_name == DATA_RUN
    assert records.folder.is_dir()
