"""Generate the Python code that builds an estimator, for generated notebooks.

The code is generated from the objects that the trial trained, so that notebook and trial agree.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from lakelab.automl import conversions

_INDENT = "    "


def constructor_code(value: Any, indent: int = 0) -> str:
    """Return the code that builds a value.

    Parameters
    ----------
    value : object
        An estimator, or a list, tuple, dict, function or constant inside one.
    indent : int
        The indentation level of the code.

    Returns
    -------
    str
        An estimator is shown with the parameters that differ from their defaults.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> print(constructor_code(Pipeline([("impute", SimpleImputer(strategy="median"))])))
    Pipeline(
        [
            ("impute", SimpleImputer(strategy="median")),
        ],
    )
    """
    for types, write in _CODE_BY_TYPE:
        if isinstance(value, types):
            return write(value, indent)
    if callable(value):
        return str(value.__name__)
    return repr(value.item() if hasattr(value, "item") else value)  # a number of numpy has `item`


def import_code(estimators: Iterable[Any]) -> str:
    r"""Return the imports that the code of some estimators needs.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> import_code([Pipeline([("impute", SimpleImputer())])])
    'from sklearn.impute import SimpleImputer\nfrom sklearn.pipeline import Pipeline'
    """
    found: dict[str, set[str]] = {}
    for part in _parts(list(estimators)):
        if isinstance(part, BaseEstimator) and type(part).__module__ != conversions.__name__:
            packages = type(part).__module__.split(".")
            if packages[0] in ("lightgbm", "xgboost"):
                module = packages[0]
            else:  # sklearn.preprocessing._encoders is private: import from sklearn.preprocessing
                public = list(itertools.takewhile(lambda name: not name.startswith("_"), packages))
                module = ".".join(public)
            found.setdefault(module, set()).add(type(part).__name__)
    return "\n".join(
        f"from {module} import {', '.join(sorted(found[module]))}" for module in sorted(found)
    )


def definition_code(estimators: Iterable[Any]) -> tuple[str, str]:
    """Return the source of the functions and classes of `conversions` that some estimators use.

    Returns
    -------
    str
        The imports that the definitions need.
    str
        Their definitions, or an empty string.

    Examples
    --------
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> imported, defined = definition_code([FunctionTransformer(conversions.to_text)])
    >>> print(imported)
    <BLANKLINE>
    >>> print(defined.splitlines()[0])
    def to_text(column):
    """
    used = {
        getattr(part, "__name__", type(part).__name__): part
        for part in _parts(list(estimators))
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


def _changed_parameters(estimator: BaseEstimator) -> list[tuple[str, Any]]:
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
    def argument_code(level: int) -> list[str]:
        return [
            (f"{key}=" if key else "") + constructor_code(value, level) for key, value in arguments
        ]

    flat = f"{name}({', '.join(argument_code(indent))})"
    if "\n" not in flat and len(flat) + indent * len(_INDENT) <= 92:
        return flat
    return name + _bracket("(", argument_code(indent + 1), ")", indent)


def _bracket(opening: str, inside: list[str], closing: str, indent: int) -> str:
    if not inside:
        return opening + closing
    pad = _INDENT * (indent + 1)
    return (
        f"{opening}\n" + "".join(f"{pad}{part},\n" for part in inside) + _INDENT * indent + closing
    )


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, BaseEstimator):
        yield value
        for part in value.get_params(deep=False).values():
            yield from _parts(part)
    elif inspect.isfunction(value):
        yield value


def _without_examples(source: str) -> str:
    """Shorten docstrings to their first lines, as a notebook is no reference."""
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


def _pipeline_code(pipeline: Pipeline, indent: int) -> str:
    return _call("Pipeline", [("", pipeline.steps)], indent)


def _column_transformer_code(transformer: ColumnTransformer, indent: int) -> str:
    arguments: list[tuple[str, Any]] = [("", transformer.transformers)]
    if transformer.sparse_threshold != 0.3:
        arguments.append(("sparse_threshold", transformer.sparse_threshold))
    return _call("ColumnTransformer", arguments, indent)


def _estimator_code(estimator: BaseEstimator, indent: int) -> str:
    return _call(type(estimator).__name__, _changed_parameters(estimator), indent)


def _dict_code(values: dict[Any, Any], indent: int) -> str:
    entries = [
        f"{constructor_code(key)}: {constructor_code(value, indent + 1)}"
        for key, value in values.items()
    ]
    return _bracket("{", entries, "}", indent)


def _tuple_code(values: tuple[Any, ...], indent: int) -> str:
    if any(isinstance(part, BaseEstimator | list) for part in values):
        return "(" + ", ".join(constructor_code(part, indent) for part in values) + ")"
    comma = "," if len(values) == 1 else ""
    return "(" + ", ".join(constructor_code(part) for part in values) + comma + ")"


def _list_code(values: list[Any], indent: int) -> str:
    if all(isinstance(part, str | int | float) for part in values):
        one_line = "[" + ", ".join(constructor_code(part) for part in values) + "]"
        if len(one_line) < 70:
            return one_line
    return _bracket("[", [constructor_code(part, indent + 1) for part in values], "]", indent)


def _string_code(value: str, indent: int) -> str:
    if '"' in value:
        return repr(value)
    return '"' + repr("'" + value)[2:-1] + '"'  # the quote makes repr use double quotes


def _float_code(value: float, indent: int) -> str:
    return 'float("nan")' if math.isnan(value) else repr(float(value))


_CODE_BY_TYPE: tuple[tuple[type, Callable[[Any, int], str]], ...] = (
    (Pipeline, _pipeline_code),
    (ColumnTransformer, _column_transformer_code),
    (BaseEstimator, _estimator_code),
    (dict, _dict_code),
    (tuple, _tuple_code),
    (list, _list_code),
    (str, _string_code),
    (float, _float_code),
)
"""The code writers, the most special type first."""
