"""The results of a call."""

from __future__ import annotations

import pytest

from lakelab import automl


def test_a_model_that_was_not_kept_says_how_to_train_it_again():
    trial = automl.TrialInfo(
        notebook_path=None,
        notebook_url=None,
        artifact_uri="runs:/1/notebooks",
        mlflow_run_id="1",
        metrics={},
        params={},
        model_path=None,
        model_description="decision_tree()",
        duration="1.0 s",
        preprocessors="",
        evaluation_metric_score=0.5,
    )
    with pytest.raises(automl.AutoMLError, match="import_notebook\\('runs:/1/notebooks'"):
        trial.load_model()
