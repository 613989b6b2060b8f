"""Forecasts: their metrics, models, notebooks and refusals."""

from __future__ import annotations

from pathlib import Path

import mlflow
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

from lakelab import automl
from lakelab.automl.forecast_models import StatsForecastModel
from lakelab.automl.tracking import TRIAL_TAG

DAYS = pd.date_range("2013-01-01", periods=140, freq="D")
WEEKLY = pd.DataFrame(
    {
        "day": DAYS,
        "flights": 900
        + 2.0 * np.arange(140)
        + 40 * np.sin(np.arange(140) * 2 * np.pi / 7)
        + np.random.default_rng(0).normal(scale=5, size=140),
    }
)
QUICK = {"target_col": "flights", "time_col": "day", "exclude_frameworks": ["arima", "prophet"]}


@pytest.fixture(scope="module")
def forecasted(automl_store):
    automl_store()
    return automl.forecast(WEEKLY, horizon=7, timeout_minutes=5, **QUICK)


def test_a_trend_makes_the_naive_forecast_the_worst(forecasted):
    names = [trial.params["model"] for trial in forecasted.trials]
    assert sorted(names) == ["AutoETS", "AutoTheta", "SeasonalNaive"]
    assert names[-1] == "SeasonalNaive"
    scores = [trial.evaluation_metric_score for trial in forecasted.trials]
    assert scores == sorted(scores)


def test_the_metric_matches_a_manual_computation(forecasted):
    """A seasonal naive forecast is the week before."""
    naive = next(trial for trial in forecasted.trials if trial.params["model"] == "SeasonalNaive")
    folds = []
    for fold in (3, 2, 1):
        end = 140 - (fold - 1) * 7
        truth = WEEKLY["flights"].to_numpy()[end - 7 : end]
        naive_forecast = WEEKLY["flights"].to_numpy()[end - 14 : end - 7]
        folds.append(
            np.mean(2 * np.abs(naive_forecast - truth) / (np.abs(naive_forecast) + np.abs(truth)))
        )
    assert naive.metrics["val_smape"] == pytest.approx(np.mean(folds), abs=1e-9)


def test_each_trial_is_a_run(forecasted):
    runs = mlflow.search_runs(
        [forecasted.experiment.experiment_id], filter_string=f"tags.`{TRIAL_TAG}` != ''"
    ).set_index("run_id")
    assert set(runs.index) == {trial.mlflow_run_id for trial in forecasted.trials}
    best = runs.loc[forecasted.best_trial.mlflow_run_id]
    assert best["metrics.val_smape"] == pytest.approx(forecasted.best_trial.evaluation_metric_score)
    assert best["params.season_length"] == "7"


def test_the_logged_model_forecasts_the_days_that_follow(forecasted):
    ahead = pd.DataFrame({"day": pd.date_range("2013-05-21", periods=8, freq="D")})
    predicted = forecasted.best_trial.load_model().predict(ahead)
    assert np.isfinite(predicted[:7]).all()
    assert np.isnan(predicted[7])
    assert predicted[:7] == pytest.approx(
        900 + 2 * np.arange(140, 147) + 40 * np.sin(np.arange(140, 147) * 2 * np.pi / 7), abs=25
    )


def test_the_notebook_repeats_the_best_trial_in_any_folder(forecasted, tmp_path):
    notebook = nbformat.read(forecasted.best_trial.notebook_path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    repeated = mlflow.search_runs(
        [forecasted.experiment.experiment_id], order_by=["attributes.start_time DESC"]
    ).iloc[0]
    assert repeated["tags.mlflow.runName"] == "notebook"
    for name in ("val_smape", "val_mean_absolute_error"):
        assert repeated[f"metrics.{name}"] == pytest.approx(
            forecasted.best_trial.metrics[name], abs=1e-6
        )


def test_the_exploration_runs_and_lists_the_changes(tmp_path):
    summary = automl.forecast(WEEKLY.drop(index=[50, 51]), timeout_minutes=5, **QUICK)
    file = Path(summary.best_trial.notebook_path).parent / "DataExploration.ipynb"
    notebook = nbformat.read(file, as_version=4)
    assert "2 missing times got the value before them" in notebook.cells[0].source
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    table = next(cell for cell in notebook.cells if "points=" in cell.source).outputs[0]["data"]
    assert "140" in table["text/plain"]


def test_several_series_are_measured_together_and_saved(spark, schema):
    both = pd.concat(
        [WEEKLY.assign(origin="JFK"), WEEKLY.assign(origin="LGA", flights=WEEKLY["flights"] / 2)]
    )
    arguments = {**QUICK, "exclude_frameworks": ["arima", "prophet"], "identity_col": "origin"}
    summary = automl.forecast(
        spark.createDataFrame(both),
        horizon=3,
        output_database=schema,
        timeout_minutes=5,
        **arguments,
    )
    table = spark.table(summary.output_table_name).toPandas()
    assert table.groupby("origin").size().to_dict() == {"JFK": 3, "LGA": 3}
    assert (table["flights_lower"] < table["flights"]).all()
    assert (table["flights"] < table["flights_upper"]).all()
    jfk = table[table["origin"] == "JFK"].sort_values("day")["flights"].to_numpy()
    lga = table[table["origin"] == "LGA"].sort_values("day")["flights"].to_numpy()
    assert jfk == pytest.approx(2 * lga, rel=0.05)
    again = pd.DataFrame({"day": table["day"], "origin": table["origin"]})
    predicted = summary.best_trial.load_model().predict(again)
    assert predicted == pytest.approx(table["flights"].to_numpy())


def test_a_failing_model_is_reported_and_the_others_go_on(monkeypatch, capsys):
    right = StatsForecastModel.__call__

    def sometimes(self, history, horizon):
        if self.name == "AutoETS":
            raise ValueError("failed on purpose")
        return right(self, history, horizon)

    monkeypatch.setattr(StatsForecastModel, "__call__", sometimes)
    summary = automl.forecast(WEEKLY, timeout_minutes=5, **QUICK)
    assert len(summary.trials) == 2
    assert "could not use AutoETS: ValueError: failed on purpose" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_col": "flight"}, "target_col='flight' is no column"),
        ({"time_col": "when"}, "time_col='when' is no column"),
        ({"identity_col": ["origin"]}, "identity_col='origin' is no column"),
        ({"horizon": 0}, "of at least 1"),
        ({"horizon": 60}, "expected at least 302"),
        ({"frequency": "fortnight"}, "one of W, D, H"),
        ({"frequency": "W"}, "which is not on the grid"),
        ({"primary_metric": "r2"}, "smape, mse, rmse, mae, mdape"),
        ({"exclude_frameworks": ["lightgbm"]}, "arima, prophet, statsforecast"),
        ({"exclude_frameworks": ["arima", "prophet", "statsforecast"]}, "no model is left"),
        ({"timeout_minutes": -1}, "above 0"),
        ({"data_dir": "/dbfs"}, "leave it out"),
        ({"sample_weight_col": "day"}, "leave it out"),
        ({"feature_store_lookups": [{}]}, "use regress"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(arguments, message):
    with pytest.raises(automl.AutoMLError) as error:
        automl.forecast(WEEKLY, **{**QUICK, "timeout_minutes": 1, **arguments})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (WEEKLY.assign(day="soon"), "'soon', which is no time"),
        (WEEKLY.assign(flights="many"), "is no number"),
        (WEEKLY.head(3), "a series has 3 points"),
    ],
)
def test_series_that_cannot_be_used_are_refused(rows, message):
    with pytest.raises(automl.AutoMLError) as error:
        automl.forecast(rows, timeout_minutes=1, **QUICK)
    assert message in str(error.value)
