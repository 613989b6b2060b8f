"""The pip requirements of a model: the versions that are installed."""

from __future__ import annotations

from importlib.metadata import version
from types import ModuleType

import mlflow.sklearn
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from lakelab.local.feature_engineering.requirements import pinned_requirements


class Constant:
    """A model of the notebook, which no package contains."""


def test_the_libraries_of_the_model_are_pinned() -> None:
    requirements = pinned_requirements(LinearRegression(), mlflow.sklearn)
    assert f"scikit-learn=={version('scikit-learn')}" in requirements
    assert f"mlflow=={version('mlflow')}" in requirements


def test_the_libraries_of_the_steps_of_a_pipeline_are_pinned() -> None:
    import lightgbm

    pipeline = make_pipeline(lightgbm.LGBMRegressor())
    assert f"lightgbm=={version('lightgbm')}" in pinned_requirements(pipeline, mlflow.sklearn)


def test_a_class_has_no_parts() -> None:
    requirements = pinned_requirements(LinearRegression, ModuleType("flavor"))
    assert "scikit-learn" not in {r.partition("==")[0] for r in requirements}


def test_each_requirement_is_listed_once_in_order() -> None:
    names = [r.partition("==")[0] for r in pinned_requirements(Constant(), mlflow.sklearn)]
    assert names == sorted(set(names))
