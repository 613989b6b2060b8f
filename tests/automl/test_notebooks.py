"""The generated notebooks: they run in any folder, and repeat their trial."""

from __future__ import annotations

from pathlib import Path

import mlflow
import nbformat
import pytest
from nbclient import NotebookClient


def test_the_notebook_repeats_the_best_trial_in_any_folder(classified, tmp_path):
    best = classified.best_trial
    notebook = nbformat.read(best.notebook_path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    repeated = mlflow.search_runs(
        [classified.experiment.experiment_id], order_by=["attributes.start_time DESC"]
    ).iloc[0]
    assert repeated["run_id"] not in {trial.mlflow_run_id for trial in classified.trials}
    for name in ("val_roc_auc_score", "val_log_loss", "test_f1_score", "training_accuracy_score"):
        assert repeated[f"metrics.{name}"] == pytest.approx(best.metrics[name], abs=1e-6)
    assert "lakelab" not in "".join(cell.source for cell in notebook.cells)


def test_the_notebooks_of_a_regression_run(regressed, tmp_path):
    exploration = Path(regressed.best_trial.notebook_path).parent / "DataExploration.ipynb"
    for file in (exploration, Path(regressed.best_trial.notebook_path)):
        notebook = nbformat.read(file, as_version=4)
        NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    repeated = mlflow.search_runs(
        [regressed.experiment.experiment_id], order_by=["attributes.start_time DESC"]
    ).iloc[0]
    expected = regressed.best_trial.metrics["val_root_mean_squared_error"]
    assert repeated["metrics.val_root_mean_squared_error"] == pytest.approx(expected, rel=1e-6)


def test_the_exploration_lists_unusual_columns(classified, tmp_path):
    file = Path(classified.best_trial.notebook_path).parent / "DataExploration.ipynb"
    notebook = nbformat.read(file, as_version=4)
    alerts = notebook.cells[0].source
    for alert in (
        "`constant` is constant",
        "`nothing` has no value",
        "`miles_as_text` holds numbers",
    ):
        assert alert in alerts
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "Warning" not in printed
