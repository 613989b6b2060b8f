"""The algorithms of the trials, and their search spaces.

Each framework is imported at its first use: xgboost need not be installed.
Follows https://docs.databricks.com/aws/en/machine-learning/automl/
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakelab.automl.conversions import LabelledClassifier
from lakelab.automl.errors import AutoMLError
from lakelab.automl.preprocessing import ModelFamily

if TYPE_CHECKING:
    import optuna

FRAMEWORKS = ("sklearn", "lightgbm", "xgboost")
"""The values of ``exclude_frameworks``."""

MODULES = {"sklearn": "sklearn", "lightgbm": "lightgbm", "xgboost": "xgboost"}


MAX_TREES = 600

EARLY_STOPPING_ROUNDS = 30
"""Boosting stops after this number of trees without a better score on the validation part."""


@dataclass(frozen=True)
class Rows:
    """Rows for training or for early stopping: features, targets and, if present, weights."""

    x: Any
    y: Any
    weights: Any = None


@dataclass(frozen=True)
class Algorithm:
    """An algorithm with its search space.

    Attributes
    ----------
    name : str
        The name of its trials.
    framework : str
    family : {"linear", "trees"}
        The kind of preprocessing that the algorithm needs.
    search : callable
        (optuna trial) -> parameters.
    initial_params : dict
        The parameters of its first trial.
    build : callable
        (parameters, problem, labels are 0, 1, ...) -> estimator.
    fit : callable
        (estimator, training rows, validation rows) -> the fitted estimator. Boosting stops early by the
        score on the validation part, and the estimator keeps the number of its trees.
    """

    name: str
    framework: str
    family: ModelFamily
    search: Callable[[optuna.trial.Trial], dict[str, Any]]
    initial_params: dict[str, Any]
    build: Callable[[dict[str, Any], str, bool], Any]
    fit: Callable[[Any, Rows, Rows], Any]


def algorithms(problem: str, exclude_frameworks: Sequence[str] | None = None) -> list[Algorithm]:
    """Return the algorithms for a problem whose frameworks are installed and not excluded.

    Parameters
    ----------
    problem : {"classify", "regress"}
    exclude_frameworks : sequence of str, optional
        ``sklearn``, ``lightgbm``, ``xgboost``.

    Returns
    -------
    list of Algorithm

    Raises
    ------
    AutoMLError
        If an excluded framework does not exist, or no framework is left.

    Examples
    --------
    >>> [algorithm.name for algorithm in algorithms("regress", ["lightgbm", "xgboost"])]
    ['linear_regression', 'decision_tree', 'random_forest', 'hist_gradient_boosting']
    """
    excluded = set(exclude_frameworks or ())
    if unknown := excluded - set(FRAMEWORKS):
        raise AutoMLError(
            f"exclude_frameworks has {', '.join(map(repr, sorted(unknown)))}: "
            f"{problem} has the frameworks {', '.join(FRAMEWORKS)}."
        )
    linear = "logistic_regression" if problem == "classify" else "linear_regression"
    known = [
        Algorithm(
            "lightgbm",
            "lightgbm",
            "trees",
            _search_lightgbm,
            _INITIAL_LIGHTGBM,
            _build_lightgbm,
            _fit_lightgbm,
        ),
        Algorithm(
            "xgboost",
            "xgboost",
            "trees",
            _search_xgboost,
            _INITIAL_XGBOOST,
            _build_xgboost,
            _fit_xgboost,
        ),
        Algorithm(linear, "sklearn", "linear", _search_linear, {"C": 1.0}, _build_linear, _fit),
        Algorithm(
            "decision_tree", "sklearn", "trees", _search_tree, _INITIAL_TREE, _build_tree, _fit
        ),
        Algorithm(
            "random_forest",
            "sklearn",
            "trees",
            _search_forest,
            _INITIAL_FOREST,
            _build_forest,
            _fit,
        ),
        Algorithm(
            "hist_gradient_boosting",
            "sklearn",
            "trees",
            _search_boosting,
            _INITIAL_BOOSTING,
            _build_boosting,
            _fit,
        ),
    ]
    left = [
        algorithm
        for algorithm in known
        if algorithm.framework not in excluded
        and importlib.util.find_spec(MODULES[algorithm.framework]) is not None
    ]
    if not left:
        raise AutoMLError(
            f"exclude_frameworks={sorted(excluded)} leaves no framework that is installed: keep one of "
            f"{', '.join(FRAMEWORKS)}."
        )
    return left


# ---- for each algorithm: initial parameters, search space, estimator -------------------------------
def _fit(estimator: Any, rows: Rows, _: Rows) -> Any:
    if rows.weights is None:
        return estimator.fit(rows.x, rows.y)
    return estimator.fit(rows.x, rows.y, sample_weight=rows.weights)


_INITIAL_BOOSTER = {
    "learning_rate": 0.05,
    "subsample": 0.9,
    "colsample_bytree": 0.5,
    "reg_alpha": 5.0,
    "reg_lambda": 1.0,
}


def _search_booster(trial: optuna.trial.Trial, name: str) -> dict[str, Any]:
    # strong regularisation: with a weak one, models win on the validation part by chance
    return {
        "learning_rate": trial.suggest_float(f"{name}_learning_rate", 0.02, 0.1, log=True),
        "subsample": trial.suggest_float(f"{name}_subsample", 0.6, 1.0),
        "colsample_bytree": trial.suggest_float(f"{name}_colsample_bytree", 0.3, 0.8),
        "reg_alpha": trial.suggest_float(f"{name}_reg_alpha", 0.3, 20.0, log=True),
        "reg_lambda": trial.suggest_float(f"{name}_reg_lambda", 0.1, 50.0, log=True),
    }


_INITIAL_LIGHTGBM = {**_INITIAL_BOOSTER, "num_leaves": 31, "min_child_samples": 30}


def _search_lightgbm(trial: optuna.trial.Trial) -> dict[str, Any]:
    return {
        **_search_booster(trial, "lightgbm"),
        "num_leaves": trial.suggest_int("lightgbm_num_leaves", 7, 63, log=True),
        "min_child_samples": trial.suggest_int("lightgbm_min_child_samples", 5, 120, log=True),
    }


def _build_lightgbm(params: dict[str, Any], problem: str, _: bool) -> Any:
    import lightgbm

    estimator_class = lightgbm.LGBMClassifier if problem == "classify" else lightgbm.LGBMRegressor
    return estimator_class(
        **params, n_estimators=MAX_TREES, subsample_freq=1, random_state=0, n_jobs=1, verbosity=-1
    )


def _fit_lightgbm(estimator: Any, rows: Rows, validation: Rows) -> Any:
    import lightgbm

    estimator.fit(
        rows.x,
        rows.y,
        sample_weight=rows.weights,
        eval_set=[(validation.x, validation.y)],
        callbacks=[lightgbm.early_stopping(EARLY_STOPPING_ROUNDS, verbose=False)],
    )
    return estimator.set_params(n_estimators=estimator.best_iteration_)


_INITIAL_XGBOOST = {**_INITIAL_BOOSTER, "max_depth": 6, "min_child_weight": 2.0}


def _search_xgboost(trial: optuna.trial.Trial) -> dict[str, Any]:
    return {
        **_search_booster(trial, "xgboost"),
        "max_depth": trial.suggest_int("xgboost_max_depth", 3, 8),
        "min_child_weight": trial.suggest_float("xgboost_min_child_weight", 1.0, 50.0, log=True),
    }


def _build_xgboost(params: dict[str, Any], problem: str, labels_are_numbers: bool) -> Any:
    import xgboost

    arguments = {
        **params,
        "n_estimators": MAX_TREES,
        "tree_method": "hist",
        "random_state": 0,
        "n_jobs": 1,
        "verbosity": 0,
    }
    if problem == "regress":
        return xgboost.XGBRegressor(**arguments)
    classifier = xgboost.XGBClassifier(**arguments)
    return classifier if labels_are_numbers else LabelledClassifier(classifier)


def _fit_xgboost(estimator: Any, rows: Rows, validation: Rows) -> Any:
    labelled = isinstance(estimator, LabelledClassifier)
    booster = estimator.estimator if labelled else estimator
    y = validation.y
    if labelled:
        y = estimator.learn_labels(rows.y).labels_.transform(y)
        rows = Rows(rows.x, estimator.labels_.transform(rows.y), rows.weights)
    booster.set_params(early_stopping_rounds=EARLY_STOPPING_ROUNDS)
    booster.fit(
        rows.x, rows.y, sample_weight=rows.weights, eval_set=[(validation.x, y)], verbose=False
    )
    booster.set_params(early_stopping_rounds=None, n_estimators=booster.best_iteration + 1)
    return estimator


def _search_linear(trial: optuna.trial.Trial) -> dict[str, Any]:
    return {"C": trial.suggest_float("linear_C", 1e-3, 100.0, log=True)}


def _build_linear(params: dict[str, Any], problem: str, _: bool) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    if problem == "classify":
        return LogisticRegression(**params, solver="newton-cholesky")
    return Ridge(alpha=1 / params["C"])


_INITIAL_TREE = {"max_depth": 7, "min_samples_leaf": 20}


def _search_tree(trial: optuna.trial.Trial) -> dict[str, Any]:
    return {
        "max_depth": trial.suggest_int("decision_tree_max_depth", 2, 14),
        "min_samples_leaf": trial.suggest_int("decision_tree_min_samples_leaf", 1, 200, log=True),
    }


def _build_tree(params: dict[str, Any], problem: str, _: bool) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    estimator_class = DecisionTreeClassifier if problem == "classify" else DecisionTreeRegressor
    return estimator_class(**params, random_state=0)


_INITIAL_FOREST = {"n_estimators": 60, "max_depth": 14, "min_samples_leaf": 5, "max_features": 0.3}


def _search_forest(trial: optuna.trial.Trial) -> dict[str, Any]:
    return {
        "n_estimators": trial.suggest_int("random_forest_n_estimators", 30, 120),
        "max_depth": trial.suggest_int("random_forest_max_depth", 4, 20),
        "min_samples_leaf": trial.suggest_int("random_forest_min_samples_leaf", 1, 50, log=True),
        "max_features": trial.suggest_float("random_forest_max_features", 0.2, 1.0),
    }


def _build_forest(params: dict[str, Any], problem: str, _: bool) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    estimator_class = RandomForestClassifier if problem == "classify" else RandomForestRegressor
    return estimator_class(**params, random_state=0, n_jobs=1)


_INITIAL_BOOSTING = {
    "max_iter": 120,
    "learning_rate": 0.08,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
}


def _search_boosting(trial: optuna.trial.Trial) -> dict[str, Any]:
    name = "hist_gradient_boosting"
    return {
        "max_iter": trial.suggest_int(f"{name}_max_iter", 50, 300, log=True),
        "learning_rate": trial.suggest_float(f"{name}_learning_rate", 0.02, 0.15, log=True),
        "max_leaf_nodes": trial.suggest_int(f"{name}_max_leaf_nodes", 7, 63, log=True),
        "min_samples_leaf": trial.suggest_int(f"{name}_min_samples_leaf", 5, 200, log=True),
        "l2_regularization": trial.suggest_float(f"{name}_l2_regularization", 0.1, 50.0, log=True),
    }


def _build_boosting(params: dict[str, Any], problem: str, _: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    estimator_class = (
        HistGradientBoostingClassifier if problem == "classify" else HistGradientBoostingRegressor
    )
    return estimator_class(**params, early_stopping=False, random_state=0)
