"""The metrics of a trial, under their names in ``primary_metric`` and in MLflow.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics as sk

from lakelab.automl.errors import AutoMLError

SMALLER_IS_BETTER = frozenset({"log_loss", "mae", "mse", "rmse", "smape", "mdape"})

LOGGED_NAMES = {
    "f1": "f1_score",
    "log_loss": "log_loss",
    "precision": "precision_score",
    "recall": "recall_score",
    "accuracy": "accuracy_score",
    "roc_auc": "roc_auc_score",
    "r2": "r2_score",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "smape": "smape",
    "mdape": "mdape",
}
"""Name in ``primary_metric`` -> end of the name in MLflow."""

PRIMARY_METRICS = {
    "classify": ("f1", "log_loss", "precision", "accuracy", "roc_auc"),
    "regress": ("r2", "mae", "rmse", "mse"),
    "forecast": ("smape", "mse", "rmse", "mae", "mdape"),
}
"""Problem -> allowed values of ``primary_metric``."""


def require_primary_metric(problem: str, metric: str) -> str:
    """Return a metric if it can rank the trials of a problem.

    Raises
    ------
    AutoMLError
        If the problem has no such metric.

    Examples
    --------
    >>> require_primary_metric("classify", "roc_auc")
    'roc_auc'
    """
    if metric not in PRIMARY_METRICS[problem]:
        raise AutoMLError(
            f"primary_metric={metric!r} is not a metric of {problem}: it is one of "
            f"{', '.join(PRIMARY_METRICS[problem])}."
        )
    return metric


def validation_metric(metric: str) -> str:
    """Return the name in MLflow of the metric that ranks the trials.

    Examples
    --------
    >>> validation_metric("roc_auc")
    'val_roc_auc_score'
    """
    return f"val_{LOGGED_NAMES[metric]}"


def rank_key(metric: str, metrics: Mapping[str, float]) -> tuple[float, float]:
    """Return the sort key of a trial; the smallest key is the best trial.

    With few rows, many trials have the same score, for example an AUC of 1. The smaller log loss then
    decides.

    Parameters
    ----------
    metric : str
        The primary metric.
    metrics : mapping of str to float
        The metrics of the trial.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> sure = {"val_roc_auc_score": 1.0, "val_log_loss": 0.1}
    >>> unsure = {"val_roc_auc_score": 1.0, "val_log_loss": 0.6}
    >>> rank_key("roc_auc", sure) < rank_key("roc_auc", unsure)
    True
    """
    score = metrics[validation_metric(metric)]
    return (score if metric in SMALLER_IS_BETTER else -score, metrics.get("val_log_loss", 0.0))


@dataclass(frozen=True)
class Scorer:
    """Measures a fitted model.

    Attributes
    ----------
    problem : str
        ``classify`` or ``regress``.
    classes : tuple
        The classes in the order of ``predict_proba``; empty for a regression.
    pos_label : object
        The positive class of two; None with more classes, or for a regression.
    """

    problem: str
    classes: tuple[Any, ...] = ()
    pos_label: Any = None

    def primary(self, metric: str, model: Any, x: Any, y: Any) -> float:
        """Compute the metric that ranks the trials."""
        return self._measures()[metric](model, x, y)

    def all(self, model: Any, x: Any, y: Any, prefix: str) -> dict[str, float]:
        """Compute all metrics, for example ``val_f1_score``; NaN if a metric is undefined."""
        scores = {}
        predicted = _CachedPredictions(model)
        for name, measure in self._measures().items():
            scores[f"{prefix}{LOGGED_NAMES[name]}"] = measure(predicted, x, y)
        return scores

    def _measures(self) -> dict[str, Callable[[Any, Any, Any], float]]:
        if self.problem == "regress":
            functions: dict[str, Callable[..., Any]] = {
                "r2": sk.r2_score,
                "mae": sk.mean_absolute_error,
                "mse": sk.mean_squared_error,
                "rmse": sk.root_mean_squared_error,
            }
            return {name: _of_predictions(function) for name, function in functions.items()}
        if self.pos_label is not None:
            options: dict[str, Any] = {"pos_label": self.pos_label, "zero_division": 0}
        else:
            options = {"average": "weighted", "zero_division": 0}
        return {
            "f1": lambda model, x, y: float(sk.f1_score(y, model.predict(x), **options)),
            "precision": lambda model, x, y: float(
                sk.precision_score(y, model.predict(x), **options)
            ),
            "recall": lambda model, x, y: float(sk.recall_score(y, model.predict(x), **options)),
            "accuracy": lambda model, x, y: float(sk.accuracy_score(y, model.predict(x))),
            "log_loss": lambda model, x, y: float(
                sk.log_loss(y, model.predict_proba(x), labels=list(self.classes))
            ),
            "roc_auc": self._roc_auc,
        }

    def _roc_auc(self, model: Any, x: Any, y: Any) -> float:
        if len(np.unique(y)) < len(self.classes):
            return float("nan")  # AUC is undefined, as this part lacks a class
        probabilities = model.predict_proba(x)
        if self.pos_label is not None:
            positive = list(self.classes).index(self.pos_label)
            return float(
                sk.roc_auc_score(np.asarray(y) == self.pos_label, probabilities[:, positive])
            )
        return float(
            sk.roc_auc_score(
                y, probabilities, multi_class="ovr", average="weighted", labels=list(self.classes)
            )
        )


def _of_predictions(function: Callable[..., Any]) -> Callable[[Any, Any, Any], float]:
    return lambda model, x, y: float(function(y, model.predict(x)))


class _CachedPredictions:
    """A model whose predictions for one set of rows are computed once."""

    def __init__(self, model: Any):
        self.model = model
        self._cache: dict[str, Any] = {}

    def predict(self, x: Any) -> Any:
        return self._call("predict", x)

    def predict_proba(self, x: Any) -> Any:
        return self._call("predict_proba", x)

    def _call(self, method: str, x: Any) -> Any:
        if method not in self._cache:
            self._cache[method] = getattr(self.model, method)(x)
        return self._cache[method]
