"""The import of a notebook from the artifacts of a run."""

from __future__ import annotations

import nbformat
import pytest

from lakelab import automl


def test_the_notebook_of_any_trial_can_be_imported(classified, tmp_path):
    trial = classified.trials[-1]
    assert trial.notebook_path is None
    imported = automl.import_notebook(trial.artifact_uri, str(tmp_path / "mine"))
    notebook = nbformat.read(imported.path, as_version=4)
    assert f"{trial.evaluation_metric_score:.6f}" in notebook.cells[0].source
    with pytest.raises(automl.AutoMLError, match="overwrite=True"):
        automl.import_notebook(trial.artifact_uri, str(tmp_path / "mine"))
    assert automl.import_notebook(trial.artifact_uri, str(tmp_path / "mine"), overwrite=True)


def test_an_artifact_without_a_notebook_is_refused(classified, tmp_path):
    run_id = classified.best_trial.mlflow_run_id
    with pytest.raises(automl.AutoMLError, match="give the artifact_uri of a trial"):
        automl.import_notebook(f"runs:/{run_id}/nowhere", str(tmp_path / "mine"))
