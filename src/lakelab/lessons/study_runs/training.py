"""Train the models of the study.

scikit-learn is imported only here and only when a model is trained: most lessons do not need it.

Tested in ``tests/lessons/study_runs/test_study.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from lakelab.lessons.study_runs.rows import FEATURES
from lakelab.lessons.study_runs.trials import Trial


def train(trial: Trial, rows: pd.DataFrame) -> Any:
    """Train the model of a trial on as many flights as the trial says.

    Parameters
    ----------
    trial : Trial
    rows : pandas.DataFrame
        The flights to sample from.

    Returns
    -------
    estimator
        A fitted scikit-learn classifier.
    """
    settings = {**trial.params}
    algorithm, size = settings.pop("algorithm"), settings.pop("rows")
    columns = FEATURES[settings.pop("features")]
    repeat, calibration = settings.pop("repeat_late", 1), settings.pop("calibration", "none")
    if isinstance(size, int):
        sample = rows.sample(size, random_state=2)
    else:
        sample = rows.dropna(subset=columns)
    training = pd.concat([sample, *[sample[sample["late"] == 1]] * (repeat - 1)])
    model = MODELS[algorithm](**settings).fit(training[columns], training["late"])
    if calibration == "none":
        return model
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    rest = rows.drop(sample.index)  # the model is too sure of the flights that it was trained on
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method=calibration)
    return calibrated.fit(rest[columns], rest["late"])


def _baseline() -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier()


def _regression(imputer: str = "mean", **settings: Any) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = [] if imputer == "none" else [SimpleImputer(strategy=imputer)]
    return make_pipeline(*steps, StandardScaler(), LogisticRegression(**settings))


def _tree(**settings: Any) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(random_state=0, **settings)


def _boosting(max_iter: int = 20, **settings: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=max_iter, early_stopping=False, random_state=0, **settings
    )


MODELS: Mapping[str, Callable[..., Any]] = {
    "baseline": _baseline,
    "regression": _regression,
    "tree": _tree,
    "boosting": _boosting,
}
"""Value of the parameter `algorithm` -> a function that returns the estimator."""
