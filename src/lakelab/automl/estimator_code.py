"""Write estimators as the Python code that builds them, for generated notebooks.

The notebook is made from the very objects that a trial trained, so that it cannot say anything else.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from lakelab.automl import conversions

_INDENT = "    "


def constructor(value: Any, indent: int = 0) -> str:
    """Write the code that builds a value.

    Parameters
    ----------
    value : object
        An estimator, or a list, tuple, dict, function or constant inside one.
    indent : int
        How deep the code stands.

    Returns
    -------
    str
        Of an estimator, only the parameters that are not the default.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> print(constructor(Pipeline([("impute", SimpleImputer(strategy="median"))])))
    Pipeline(
        [
            ("impute", SimpleImputer(strategy="median")),
        ],
    )
    """
    if isinstance(value, Pipeline):
        return _call("Pipeline", [("", value.steps)], indent)
    if isinstance(value, ColumnTransformer):
        rest = (
            [("sparse_threshold", value.sparse_threshold)] if value.sparse_threshold != 0.3 else []
        )
        return _call("ColumnTransformer", [("", value.transformers), *rest], indent)
    if isinstance(value, BaseEstimator):
        return _call(type(value).__name__, _changed(value), indent)
    if isinstance(value, dict):
        inside = [f"{constructor(k)}: {constructor(v, indent + 1)}" for k, v in value.items()]
        return _bracket("{", inside, "}", indent)
    if isinstance(value, tuple) and not any(
        isinstance(part, BaseEstimator | list) for part in value
    ):
        return (
            "("
            + ", ".join(constructor(part) for part in value)
            + ("," if len(value) == 1 else "")
            + ")"
        )
    if isinstance(value, tuple):
        return "(" + ", ".join(constructor(part, indent) for part in value) + ")"
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        flat = "[" + ", ".join(constructor(part) for part in value) + "]"
        if len(flat) < 70:
            return flat
    if isinstance(value, list):
        return _bracket("[", [constructor(part, indent + 1) for part in value], "]", indent)
    if callable(value):
        return str(value.__name__)
    if isinstance(value, str):
        return '"' + repr("'" + value)[2:-1].replace('"', '\\"') + '"'
    if isinstance(value, float) and value != value:
        return 'float("nan")'
    if hasattr(value, "item"):  # numpy's numbers
        return repr(value.item())
    return repr(value)


def imports(estimators: Iterable[Any]) -> str:
    r"""Write the imports that the code of some estimators needs.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> imports([Pipeline([("impute", SimpleImputer())])])
    'from sklearn.impute import SimpleImputer\nfrom sklearn.pipeline import Pipeline'
    """
    found: dict[str, set[str]] = {}
    for part in _inside(list(estimators)):
        if isinstance(part, BaseEstimator) and type(part).__module__ != conversions.__name__:
            packages = type(part).__module__.split(".")
            if packages[0] in ("lightgbm", "xgboost"):
                module = packages[0]
            else:  # sklearn.preprocessing._encoders is no place to import from
                public = list(itertools.takewhile(lambda name: not name.startswith("_"), packages))
                module = ".".join(public)
            found.setdefault(module, set()).add(type(part).__name__)
    return "\n".join(
        f"from {module} import {', '.join(sorted(found[module]))}" for module in sorted(found)
    )


def definitions(estimators: Iterable[Any]) -> tuple[str, str]:
    """Give the source of the functions and classes of ours that some estimators use.

    Returns
    -------
    str
        The imports that they need.
    str
        Their definitions, or an empty string.

    Examples
    --------
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> imported, defined = definitions([FunctionTransformer(conversions.to_text)])
    >>> print(imported)
    <BLANKLINE>
    >>> print(defined.splitlines()[0])
    def to_text(column):
    """
    used = {
        getattr(part, "__name__", type(part).__name__): part
        for part in _inside(list(estimators))
        if getattr(part, "__module__", "") == conversions.__name__
    }
    needed, sources = [], []
    for part in used.values():
        whole = inspect.getsource(part if inspect.isroutine(part) else type(part))
        sources.append(_without_examples(whole))
        if not inspect.isroutine(part):
            needed = [
                "import numpy as np",
                "from sklearn.base import BaseEstimator, ClassifierMixin",
                "from sklearn.preprocessing import LabelEncoder",
            ]
    return "\n".join(needed), "\n\n\n".join(sources)


def _changed(estimator: BaseEstimator) -> list[tuple[str, Any]]:
    defaults = {
        name: parameter.default
        for kind in reversed(type(estimator).__mro__)
        if "__init__" in vars(kind)
        for name, parameter in inspect.signature(vars(kind)["__init__"]).parameters.items()
    }
    changed = []
    for name, value in estimator.get_params(deep=False).items():
        default = defaults.get(name, inspect.Parameter.empty)
        same = value is default or (type(value) is type(default) and repr(value) == repr(default))
        if not same and not (value is None and default is inspect.Parameter.empty):
            changed.append((name, value))
    return changed


def _call(name: str, arguments: list[tuple[str, Any]], indent: int) -> str:
    def written(deep: int) -> list[str]:
        return [(f"{key}=" if key else "") + constructor(value, deep) for key, value in arguments]

    flat = f"{name}({', '.join(written(indent))})"
    if "\n" not in flat and len(flat) + indent * len(_INDENT) <= 92:
        return flat
    return name + _bracket("(", written(indent + 1), ")", indent)


def _bracket(opening: str, inside: list[str], closing: str, indent: int) -> str:
    if not inside:
        return opening + closing
    pad = _INDENT * (indent + 1)
    return (
        f"{opening}\n" + "".join(f"{pad}{part},\n" for part in inside) + _INDENT * indent + closing
    )


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _inside(part)
    elif isinstance(value, BaseEstimator):
        yield value
        for part in value.get_params(deep=False).values():
            yield from _inside(part)
    elif inspect.isfunction(value):
        yield value


def _without_examples(source: str) -> str:
    """Keep of a docstring its first line: a notebook is no reference."""
    lines, kept, in_docstring = source.rstrip().splitlines(), [], False
    for line in lines:
        if in_docstring:
            in_docstring = '"""' not in line
            continue
        if line.strip().startswith('"""') and line.count('"""') == 1:
            kept.append(line.rstrip() + '"""')
            in_docstring = True
            continue
        kept.append(line)
    return "\n".join(kept)
