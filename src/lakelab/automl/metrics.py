"""The metrics of a trial, by the names that ``primary_metric`` takes and that MLflow shows.

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
"""As ``primary_metric`` names it -> as the run's metric ends."""

PRIMARY = {
    "classify": ("f1", "log_loss", "precision", "accuracy", "roc_auc"),
    "regress": ("r2", "mae", "rmse", "mse"),
    "forecast": ("smape", "mse", "rmse", "mae", "mdape"),
}
"""Problem -> what ``primary_metric`` may be."""


def checked_primary_metric(problem: str, metric: str) -> str:
    """Give a metric back if it is one that the problem can be ranked by.

    Raises
    ------
    AutoMLError
        If it is none.

    Examples
    --------
    >>> checked_primary_metric("classify", "roc_auc")
    'roc_auc'
    """
    if metric not in PRIMARY[problem]:
        raise AutoMLError(
            f"primary_metric={metric!r} is not a metric of {problem}: it is one of "
            f"{', '.join(PRIMARY[problem])}."
        )
    return metric


def validation_metric(metric: str) -> str:
    """Name the metric that trials are ranked by, as their runs do.

    Examples
    --------
    >>> validation_metric("roc_auc")
    'val_roc_auc_score'
    """
    return f"val_{LOGGED_NAMES[metric]}"


def rank(metric: str, metrics: Mapping[str, float]) -> tuple[float, float]:
    """Give what trials are sorted by, the best first.

    Few rows give many trials the same score, an AUC of 1 for example: then the one that is surer of
    what is true comes first.

    Parameters
    ----------
    metric : str
        The primary metric.
    metrics : mapping of str to float
        Those of a trial.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> sure = {"val_roc_auc_score": 1.0, "val_log_loss": 0.1}
    >>> unsure = {"val_roc_auc_score": 1.0, "val_log_loss": 0.6}
    >>> rank("roc_auc", sure) < rank("roc_auc", unsure)
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
        The positive one of two classes; None with more, or for a regression.
    """

    problem: str
    classes: tuple[Any, ...] = ()
    pos_label: Any = None

    def primary(self, metric: str, model: Any, x: Any, y: Any) -> float:
        """Measure the one metric that trials are ranked by."""
        return self._measures()[metric](model, x, y)

    def all(self, model: Any, x: Any, y: Any, prefix: str) -> dict[str, float]:
        """Measure all metrics, such as ``val_f1_score``; NaN where a metric has no value."""
        found = {}
        predicted = _Once(model)
        for name, measure in self._measures().items():
            found[f"{prefix}{LOGGED_NAMES[name]}"] = measure(predicted, x, y)
        return found

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
            how: dict[str, Any] = {"pos_label": self.pos_label, "zero_division": 0}
        else:
            how = {"average": "weighted", "zero_division": 0}
        return {
            "f1": lambda model, x, y: float(sk.f1_score(y, model.predict(x), **how)),
            "precision": lambda model, x, y: float(sk.precision_score(y, model.predict(x), **how)),
            "recall": lambda model, x, y: float(sk.recall_score(y, model.predict(x), **how)),
            "accuracy": lambda model, x, y: float(sk.accuracy_score(y, model.predict(x))),
            "log_loss": lambda model, x, y: float(
                sk.log_loss(y, model.predict_proba(x), labels=list(self.classes))
            ),
            "roc_auc": self._roc_auc,
        }

    def _roc_auc(self, model: Any, x: Any, y: Any) -> float:
        if len(np.unique(y)) < len(self.classes):
            return float("nan")  # this part lacks a class: there is nothing to rank it against
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


class _Once:
    """A model that predicts the same rows once only."""

    def __init__(self, model: Any):
        self.model = model
        self._known: dict[str, Any] = {}

    def predict(self, x: Any) -> Any:
        return self._ask("predict", x)

    def predict_proba(self, x: Any) -> Any:
        return self._ask("predict_proba", x)

    def _ask(self, method: str, x: Any) -> Any:
        if method not in self._known:
            self._known[method] = getattr(self.model, method)(x)
        return self._known[method]
