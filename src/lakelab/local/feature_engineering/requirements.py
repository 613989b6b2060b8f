"""The pip requirements of a model: the installed versions, without MLflow's slow inference."""

from __future__ import annotations

import importlib.metadata
import inspect
import sys
from functools import cache
from types import ModuleType
from typing import Any

_KNOWN = {"sklearn": "scikit-learn", "lightgbm": "lightgbm", "xgboost": "xgboost", "numpy": "numpy"}
"""Import name -> distribution of the most common libraries. A search through all installed packages
takes most of a second."""

_ALWAYS = ("mlflow", "cloudpickle", "numpy", "pandas")
"""The packages that are needed to load any model and to call it with a DataFrame."""


def pinned_requirements(model: Any, flavor: ModuleType) -> list[str]:
    """List the requirements of a model as ``package==installed version``.

    Parameters
    ----------
    model : object
        The model; the libraries of its parts (``get_params``) count too.
    flavor : module
        The MLflow flavor that saves it.

    Examples
    --------
    >>> import mlflow.sklearn
    >>> from sklearn.linear_model import LogisticRegression
    >>> [r.partition("==")[0] for r in pinned_requirements(LogisticRegression(), mlflow.sklearn)]
    ['cloudpickle', 'mlflow', 'numpy', 'pandas', 'scikit-learn']
    """
    flavor_requirements: list[str] = getattr(flavor, "get_default_pip_requirements", list)()
    distributions = {name for part in _parts(model) for name in _distributions(part)}
    pins = {
        name: f"{name}=={_version(name)}" for name in (*_ALWAYS, *distributions) if _version(name)
    }
    pins |= {requirement.partition("==")[0]: requirement for requirement in flavor_requirements}
    return [pins[name] for name in sorted(pins)]


def _parts(model: Any) -> list[Any]:
    parts = [model]
    # A class has get_params, too, but it is unbound. An error in get_params is an error of the model.
    if hasattr(model, "get_params") and not inspect.isclass(model):
        parameters = inspect.signature(model.get_params).parameters
        parts += (
            model.get_params(deep=True) if "deep" in parameters else model.get_params()
        ).values()
    return parts


def _distributions(part: Any) -> list[str]:
    """Return the installed packages that contain the type of an object."""
    package = type(part).__module__.partition(".")[0]
    if package in sys.stdlib_module_names or package in ("__main__", "lakelab"):
        return []
    return [_KNOWN[package]] if package in _KNOWN else _packages().get(package, [])


@cache
def _packages() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


@cache
def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
