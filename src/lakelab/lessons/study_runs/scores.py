"""Score the models of the study on the validation flights.

Tested in ``tests/lessons/study_runs/test_study.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

Measured = tuple[str, float, int]
"""Name, value and step of a metric."""


class TrainingStoppedError(Exception):
    """Training was stopped because the log loss grew."""


def score_once(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Yield AUC, log loss and accuracy."""
    late, probability = rows["late"], model.predict_proba(rows[columns])[:, 1]
    yield "auc", area_under_roc(late, probability), 0
    yield "log_loss", log_loss(late, probability), 0
    yield "accuracy", float(((probability > 0.5) == late).mean()), 0


def score_accuracy(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Yield accuracy only."""
    yield "accuracy", float((model.predict(rows[columns]) == rows["late"]).mean()), 0


def score_stages(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Yield the log loss after each tree, and the other metrics after the last tree.

    Raises
    ------
    TrainingStoppedError
        If the log loss is more than twice that of the first tree.
    """
    first, probability = None, np.empty(0)
    for step, stage in enumerate(model.staged_predict_proba(rows[columns])):
        probability = stage[:, 1]
        loss = log_loss(rows["late"], probability)
        yield "log_loss", loss, step
        first = first or loss
        if loss > 2 * first:
            raise TrainingStoppedError(
                f"log loss {loss:.2f} after {step + 1} trees, {first:.2f} after the first"
            )
    yield "auc", area_under_roc(rows["late"], probability), 0
    yield "accuracy", float(((probability > 0.5) == rows["late"]).mean()), 0


def score_early(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Yield metrics on the flights of five in the morning.

    None of them is late, so AUC is undefined.
    """
    return score_once(model, rows[rows["hour"] == 5], columns)


def score_day_by_day(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Yield AUC after each day from Sunday 7 July on, over the days so far."""
    days = rows["sched_dep_ts"].dt.day.where(rows["month"] == 7)
    for day in range(7, 32):
        so_far = rows[days.between(7, day)]
        yield "auc", area_under_roc(so_far["late"], model.predict_proba(so_far[columns])[:, 1]), day


def area_under_roc(late: pd.Series, probability: np.ndarray) -> float:
    """Return the area under the ROC curve; NaN if all flights are late, or none.

    Examples
    --------
    >>> area_under_roc(pd.Series([0, 1, 1]), np.array([0.1, 0.2, 0.3]))
    1.0
    >>> area_under_roc(pd.Series([0, 0]), np.array([0.1, 0.2]))
    nan
    """
    from sklearn.metrics import roc_auc_score

    # some versions of scikit-learn raise here, others warn
    return float(roc_auc_score(late, probability)) if late.nunique() == 2 else float("nan")


def log_loss(late: pd.Series, probability: np.ndarray) -> float:
    """Return the mean negative log probability of the actual outcomes.

    The value is scikit-learn's; this function is quicker.

    Examples
    --------
    >>> round(log_loss(pd.Series([0, 1]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    tiny = np.finfo(float).eps
    outcome = np.where(late == 1, probability, 1 - probability)
    return float(-np.log(np.clip(outcome, tiny, 1)).mean())
