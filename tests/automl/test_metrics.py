"""The metrics of a trial."""

from __future__ import annotations

import numpy as np
import pytest

from lakelab.automl.errors import AutoMLError
from lakelab.automl.metrics import Scorer, require_primary_metric


class Model:
    """A model with fixed probabilities, which counts its predictions."""

    calls = 0

    def predict(self, x):
        self.calls += 1
        return np.where(x > 0.5, "late", "on time")

    def predict_proba(self, x):
        self.calls += 1
        return np.column_stack([x, 1 - x])


def test_all_metrics_need_one_prediction_of_each_kind():
    model, x, y = Model(), np.array([0.9, 0.2, 0.4, 0.1]), ["late", "on time", "late", "on time"]
    scores = Scorer("classify", ("late", "on time"), "late").all(model, x, y, "val_")
    assert scores["val_accuracy_score"] == 0.75
    assert scores["val_precision_score"] == 1
    assert scores["val_recall_score"] == 0.5
    assert scores["val_roc_auc_score"] == 1
    assert model.calls == 2


def test_auc_is_nan_where_a_class_is_missing():
    scorer = Scorer("classify", ("late", "on time"), "late")
    assert np.isnan(scorer.primary("roc_auc", Model(), np.array([0.9, 0.2]), ["late", "late"]))


def test_a_metric_of_another_problem_is_refused():
    with pytest.raises(AutoMLError, match="is not a metric of regress"):
        require_primary_metric("regress", "f1")
