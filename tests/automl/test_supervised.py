"""What a classification and a regression give back, and what they leave in MLflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mlflow
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
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
    told = subprocess.run(
        [sys.executable, "-c", probe, path], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "Pipeline"


def test_columns_are_taken_for_what_they_mean(classified):
    assert classified.semantic_type_conversions == {
        "numeric": ["miles_as_text"],
        "datetime": ["day_as_text"],
    }
    prepared = classified.best_trial.preprocessors
    assert "constant" not in prepared
    assert "nothing" not in prepared
    assert "noise" in prepared


def test_a_split_by_time_puts_the_newest_rows_last(classified):
    data = data_of(classified)
    newest = data.groupby(PART)["day"].max()
    oldest = data.groupby(PART)["day"].min()
    assert newest["train"] <= oldest["validate"]
    assert newest["validate"] <= oldest["test"]
    assert data[PART].value_counts().to_dict() == {"train": 900, "validate": 300, "test": 300}


def test_the_notebook_of_the_best_trial_makes_it_again_wherever_it_lies(classified, tmp_path):
    best = classified.best_trial
    notebook = nbformat.read(best.notebook_path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    made = mlflow.search_runs(
        [classified.experiment.experiment_id], order_by=["attributes.start_time DESC"]
    ).iloc[0]
    assert made["run_id"] not in {trial.mlflow_run_id for trial in classified.trials}
    for name in ("val_roc_auc_score", "val_log_loss", "test_f1_score", "training_accuracy_score"):
        assert made[f"metrics.{name}"] == pytest.approx(best.metrics[name], abs=1e-6)
    assert "lakelab" not in "".join(cell.source for cell in notebook.cells)


def test_the_notebook_of_any_trial_can_be_imported(classified, tmp_path):
    trial = classified.trials[-1]
    assert trial.notebook_path is None
    imported = automl.import_notebook(trial.artifact_uri, str(tmp_path / "mine"))
    notebook = nbformat.read(imported.path, as_version=4)
    assert f"{trial.evaluation_metric_score:.6f}" in notebook.cells[0].source
    with pytest.raises(automl.AutoMLError, match="overwrite=True"):
        automl.import_notebook(trial.artifact_uri, str(tmp_path / "mine"))
    assert automl.import_notebook(trial.artifact_uri, str(tmp_path / "mine"), overwrite=True)


def test_the_notebooks_of_a_regression_run(regressed, tmp_path):
    exploration = Path(regressed.best_trial.notebook_path).parent / "DataExploration.ipynb"
    for file in (exploration, Path(regressed.best_trial.notebook_path)):
        notebook = nbformat.read(file, as_version=4)
        NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    made = mlflow.search_runs(
        [regressed.experiment.experiment_id], order_by=["attributes.start_time DESC"]
    ).iloc[0]
    told = regressed.best_trial.metrics["val_root_mean_squared_error"]
    assert made["metrics.val_root_mean_squared_error"] == pytest.approx(told, rel=1e-6)


def test_the_exploration_names_what_is_odd(classified, tmp_path):
    file = Path(classified.best_trial.notebook_path).parent / "DataExploration.ipynb"
    notebook = nbformat.read(file, as_version=4)
    alerts = notebook.cells[0].source
    for odd in (
        "`constant` is constant",
        "`nothing` has no value",
        "`miles_as_text` holds numbers",
    ):
        assert odd in alerts
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "Warning" not in printed


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
    # weights keep the predicted probabilities true
    validate = data[data[PART] == "validate"]
    model = summary.best_trial.load_model()
    predicted = model.predict_proba(validate)[:, list(model.classes_).index("late")].mean()
    assert predicted == pytest.approx(1 / 40, abs=0.02)


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
