"""One classification and one regression on the flights, for all tests of AutoML."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lakelab.automl.locations import set_record_locations
from lakelab.automl.supervised import run_supervised
from lakelab.flights import airport_congestion, flight_labels, in_months, read_raw


@pytest.fixture(scope="session")
def flights():
    """Return 1,500 flights of January to June, with congestion and artificial columns."""
    labels = in_months(flight_labels(read_raw("flights")), 1, 6).sort_values("prediction_ts")
    congestion = airport_congestion(read_raw("flights")).sort_values("ts")
    rows = pd.merge_asof(labels, congestion, left_on="prediction_ts", right_on="ts", by="origin")
    rows = rows.sample(1500, random_state=0).reset_index(drop=True)
    generator = np.random.default_rng(0)
    return rows[
        ["carrier", "origin", "dest", "hour", "sched_arr_time", "mean_delay_3h", "late_share_3h"]
    ].assign(
        miles_as_text=rows["distance"].astype(str).where(rows.index % 50 != 0, "n/a"),
        day_as_text=rows["sched_dep_ts"].dt.strftime("%Y-%m-%d"),
        constant="NYC",
        nothing=None,
        noise=generator.normal(size=len(rows)),
        day=rows["sched_dep_ts"],
        late=np.where(rows["late"] == 1, "late", "on time"),
        distance=rows["distance"],
    )


@pytest.fixture(scope="session")
def automl_store(tmp_path_factory):
    """Return a function that sets the stores of MLflow and AutoML to a folder of this test session."""
    import mlflow

    folder = tmp_path_factory.mktemp("automl")
    patch = pytest.MonkeyPatch()
    patch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", str(folder / "artifacts"))
    patch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = mlflow.get_tracking_uri()

    def use() -> None:
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        set_record_locations("learner@example.com", folder / "notebooks")

    yield use
    mlflow.set_tracking_uri(before)
    patch.undo()


@pytest.fixture(autouse=True)
def _in_the_store(automl_store):
    automl_store()


@pytest.fixture(scope="session")
def classified(flights, automl_store):
    automl_store()
    return run_supervised(
        "classify",
        flights.drop(columns=["distance"]),
        target_col="late",
        primary_metric="roc_auc",
        pos_label="late",
        time_col="day",
        timeout_minutes=5,
        stop_after=8,
    )


@pytest.fixture(scope="session")
def regressed(flights, automl_store):
    automl_store()
    return run_supervised(
        "regress",
        flights.drop(columns=["day", "miles_as_text", "noise"]),
        target_col="distance",
        primary_metric="rmse",
        exclude_cols=["late"],
        exclude_frameworks=["xgboost"],
        timeout_minutes=5,
        stop_after=5,
    )
