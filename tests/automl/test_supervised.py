"""The results of a classification and a regression, and their records in MLflow."""

from __future__ import annotations

import subprocess
import sys

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, root_mean_squared_error

from lakelab import automl
from lakelab.automl.notebooks import PART, WEIGHT
from lakelab.automl.supervised import run_supervised
from lakelab.automl.tracking import DATA_RUN, TRIAL_TAG


def runs_of(summary):
    experiment = summary.experiment.experiment_id
    return mlflow.search_runs([experiment], filter_string=f"tags.`{TRIAL_TAG}` != ''")


def data_of(summary):
    experiment = summary.experiment.experiment_id
    (run,) = mlflow.search_runs([experiment], filter_string=f"run_name = '{DATA_RUN}'")["run_id"]
    path = mlflow.artifacts.download_artifacts(
        run_id=run, artifact_path="data/training_data.parquet"
    )
    return pd.read_parquet(path)


def test_each_trial_is_a_run_with_its_metrics(classified):
    runs = runs_of(classified).set_index("run_id")
    assert set(runs.index) == {trial.mlflow_run_id for trial in classified.trials}
    assert len(runs) == 8
    assert set(runs["status"]) == {"FINISHED"}
    for trial in classified.trials:
        run = runs.loc[trial.mlflow_run_id]
        assert run["metrics.val_roc_auc_score"] == pytest.approx(trial.evaluation_metric_score)
        assert run["metrics.test_f1_score"] == pytest.approx(trial.metrics["test_f1_score"])
        assert run["metrics.duration_seconds"] > 0
        assert run["params.estimator"] == trial.params.get("estimator", run["params.estimator"])


def test_trials_are_ranked_and_every_framework_had_its_turn(classified):
    scores = [trial.evaluation_metric_score for trial in classified.trials]
    assert scores == sorted(scores, reverse=True)
    assert classified.best_trial is classified.trials[0]
    names = {trial.model_description.partition("(")[0] for trial in classified.trials}
    assert {
        "lightgbm",
        "xgboost",
        "logistic_regression",
        "decision_tree",
        "random_forest",
        "hist_gradient_boosting",
    } <= names
    assert "over 8 trials" in classified.metric_distribution


def test_the_smaller_error_is_the_better_one(regressed):
    scores = [trial.evaluation_metric_score for trial in regressed.trials]
    assert scores == sorted(scores)
    assert regressed.best_trial.metrics["val_root_mean_squared_error"] == scores[0]


def test_the_model_of_the_best_trial_scores_as_told(classified, regressed):
    data = data_of(classified)
    validate = data[data[PART] == "validate"]
    model = classified.best_trial.load_model()
    late = list(model.classes_).index("late")
    score = roc_auc_score(validate["late"] == "late", model.predict_proba(validate)[:, late])
    assert score == pytest.approx(classified.best_trial.evaluation_metric_score, abs=1e-9)

    data = data_of(regressed)
    test = data[data[PART] == "test"]
    error = root_mean_squared_error(
        test["distance"], regressed.best_trial.load_model().predict(test)
    )
    assert error == pytest.approx(regressed.best_trial.metrics["test_root_mean_squared_error"])


def test_a_model_that_was_not_kept_says_how_to_get_it(classified):
    dropped = next(trial for trial in classified.trials if trial.model_path is None)
    with pytest.raises(automl.AutoMLError, match="import_notebook"):
        dropped.load_model()


def test_a_logged_model_loads_where_lakelab_is_not(classified, tmp_path):
    """It is unpickled by a Python that does not find the package."""
    path = mlflow.artifacts.download_artifacts(
        classified.best_trial.model_path, dst_path=str(tmp_path)
    )
    probe = (
        "import sys; sys.modules['lakelab'] = None\n"
        "import cloudpickle, pathlib\n"
        "file = next(pathlib.Path(sys.argv[1]).rglob('model.pkl'))\n"
        "print(type(cloudpickle.load(file.open('rb'))).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "Pipeline"


def test_columns_are_used_by_their_semantic_types(classified):
    assert classified.semantic_type_conversions == {
        "numeric": ["miles_as_text"],
        "datetime": ["day_as_text"],
    }
    prepared = classified.best_trial.preprocessors
    assert "constant" not in prepared
    assert "nothing" not in prepared
    assert "noise" in prepared


def test_the_same_data_seed_and_number_give_the_same_trials(flights):
    def trials():
        summary = run_supervised(
            "classify",
            flights[["carrier", "hour", "mean_delay_3h", "late"]],
            target_col="late",
            primary_metric="log_loss",
            exclude_frameworks=["xgboost"],
            stop_after=10,
        )
        return [(trial.model_description, trial.metrics) for trial in summary.trials]

    assert trials() == trials()


def test_an_open_run_and_autologging_of_the_caller_are_left_alone(flights):
    mlflow.set_experiment("/mine")
    mlflow.sklearn.autolog()
    try:
        with mlflow.start_run() as mine:
            summary = run_supervised(
                "classify",
                flights[["carrier", "hour", "late"]],
                target_col="late",
                primary_metric="f1",
                exclude_frameworks=["xgboost", "lightgbm"],
                stop_after=2,
            )
            assert mlflow.active_run().info.run_id == mine.info.run_id
    finally:
        mlflow.sklearn.autolog(disable=True)
    assert mlflow.get_run(mine.info.run_id).data.params == {}
    assert len(mlflow.search_runs([summary.experiment.experiment_id])) == 3


def test_frequent_classes_are_sampled_down_in_the_training_part_only(flights):
    rare = flights.assign(late=np.where(flights.index % 40 == 0, "late", "on time"))
    summary = run_supervised(
        "classify",
        rare[["carrier", "hour", "mean_delay_3h", "late"]],
        target_col="late",
        primary_metric="log_loss",
        exclude_frameworks=["xgboost", "sklearn"],
        stop_after=1,
    )
    data = data_of(summary)
    share = data.groupby(PART)["late"].agg(
        lambda late: (late == "on time").sum() / (late == "late").sum()
    )
    assert share["train"] == pytest.approx(14, rel=0.05)
    assert share["validate"] == pytest.approx(39, rel=0.2)
    assert share["test"] == pytest.approx(39, rel=0.2)
    training = data[data[PART] == "train"].groupby("late")[WEIGHT].sum()
    assert training["on time"] / training["late"] == pytest.approx(39, rel=0.1)
    # weights keep the predicted probabilities calibrated
    validate = data[data[PART] == "validate"]
    model = summary.best_trial.load_model()
    predicted = model.predict_proba(validate)[:, list(model.classes_).index("late")].mean()
    assert predicted == pytest.approx(1 / 40, abs=0.02)


def test_a_split_by_time_puts_the_newest_rows_last(classified):
    data = data_of(classified)
    newest = data.groupby(PART)["day"].max()
    oldest = data.groupby(PART)["day"].min()
    assert newest["train"] <= oldest["validate"]
    assert newest["validate"] <= oldest["test"]
    assert data[PART].value_counts().to_dict() == {"train": 900, "validate": 300, "test": 300}
