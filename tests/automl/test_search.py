"""The end of a search: early, by timeout, by Ctrl-C, and with failing algorithms."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import pytest

from lakelab import automl
from lakelab.automl.search import PATIENCE
from lakelab.automl.supervised import run_supervised
from lakelab.automl.trial_recorder import TrialRecorder

DRAW = np.random.default_rng(0)
ROWS = pd.DataFrame({"x": DRAW.normal(size=300), "c": list("abc") * 100})
ROWS["late"] = ROWS["x"] + DRAW.normal(size=300) > 0
QUICK = {
    "target_col": "late",
    "primary_metric": "roc_auc",
    "exclude_frameworks": ["lightgbm", "xgboost"],
}


def test_a_search_ends_early_when_the_score_no_longer_improves(capsys):
    summary = run_supervised("classify", ROWS, timeout_minutes=120, **QUICK)
    assert summary.is_early_stopped
    assert "ended early as the score no longer rose" in capsys.readouterr().out
    order = mlflow.search_runs(
        [summary.experiment.experiment_id],
        filter_string="metrics.val_roc_auc_score > 0",
        order_by=["attributes.start_time ASC"],
    )["metrics.val_roc_auc_score"]
    best_before = order.cummax()
    assert best_before.iloc[-1] - best_before.iloc[-PATIENCE - 1] < 1e-3


def test_ctrl_c_returns_the_summary_so_far(monkeypatch, capsys):
    record = TrialRecorder.__call__
    recorded = []

    def interrupted(self, trial):
        record(self, trial)
        recorded.append(trial)
        if len(recorded) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrialRecorder, "__call__", interrupted)
    summary = run_supervised("classify", ROWS, timeout_minutes=5, **QUICK)
    assert 3 <= len(summary.trials) <= 5
    assert not summary.is_early_stopped
    assert "interrupted" in capsys.readouterr().out
    assert summary.best_trial.load_model().predict(ROWS).shape == (300,)


def test_ctrl_c_before_the_first_trial_is_raised(monkeypatch):
    from lakelab.automl import search

    def interrupted(jobs):
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_supervised("classify", ROWS, timeout_minutes=5, **QUICK)


def test_a_time_too_short_for_one_trial_is_refused():
    with pytest.raises(automl.AutoMLError, match="too short for one trial: the first took"):
        automl.classify(ROWS, timeout_minutes=1e-6, **QUICK)


def test_a_failing_algorithm_is_reported_and_the_others_go_on(monkeypatch, capsys):
    from sklearn.linear_model import LogisticRegression

    def fails(self, *_, **__):
        raise ValueError("made to fail")

    monkeypatch.setattr(LogisticRegression, "fit", fails)
    summary = run_supervised("classify", ROWS, timeout_minutes=5, stop_after=6, **QUICK)
    assert len(summary.trials) >= 3
    assert (
        "could not train logistic_regression: ValueError: made to fail" in capsys.readouterr().out
    )
