"""The public signatures of a feature engineering package.

`describe` inspects the package under the official names. For the official packages it runs in a process
whose path begins with one of them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
OFFICIAL = ROOT / ".official"
VERSIONS = ("newest", "dbr-18-ml", "dbr-17.3-ml")

PACKAGES = ("databricks.feature_engineering", "databricks.feature_store")
CLASSES = {
    "FeatureEngineeringClient": "databricks.feature_engineering",
    "FeatureLookup": "databricks.feature_engineering",
    "FeatureFunction": "databricks.feature_engineering",
    "DatabricksOnlineStore": "databricks.feature_engineering",
    "UpgradeClient": "databricks.feature_engineering",
    "FeatureTable": "databricks.feature_engineering.entities.feature_table",
    "FeatureSpecInfo": "databricks.feature_engineering.entities.feature_spec_info",
    "TrainingSet": "databricks.feature_engineering.training_set",
    "FeatureStoreClient": "databricks.feature_store",
}
FUNCTIONS = {"feature_table": "databricks.feature_store"}

EXAMPLES = (
    "FeatureLookup('t', 'k')",
    "FeatureLookup('t', ['k', 'l'], feature_names='f', timestamp_lookup_key=['at'])",
    "FeatureLookup('t', 'k', feature_names=['f', 'g'], rename_outputs={'f': 'h'}, default_values={'h': 0})",
    "FeatureLookup('t', 'k', timestamp_lookup_key='at', lookback_window=timedelta(hours=1))",
    "FeatureLookup('t', 'k', feature_name='f')",
    "FeatureLookup('t', 'k', feature_name='f', output_name='h')",
    "FeatureLookup('t', 'k', lookback_window=timedelta(hours=1))",
    "FeatureLookup('t', 'k', timestamp_lookup_key=['a', 'b'])",
    "FeatureLookup('t', 'k', timestamp_lookup_key='at', lookback_window=5)",
    "FeatureLookup('t', 'k', timestamp_lookup_key='at', lookback_window=timedelta(-1))",
    "FeatureLookup('t', 'k', feature_names=['f', 1])",
    "FeatureLookup('t', 'k', rename_outputs=['f'])",
    "FeatureLookup('t', 'k', feature_names='f', feature_name='f')",
    "FeatureLookup('t', 'k', feature_name='f', rename_outputs={'f': 'h'}, output_name='h')",
    "FeatureLookup('t', 'k', feature_names=['f'], default_values={'g': 0})",
    "FeatureLookup('t', 'k', feature_names=['f'], rename_outputs={'f': 'h'}, default_values={'f': 0})",
    "FeatureLookup('t', 'k', default_values=0)",
    "FeatureLookup('t', 'k', features=['f'])",
    "FeatureLookup('t')",
    "FeatureFunction(udf_name='Main.Default.F')",
    "FeatureFunction(udf_name='f', input_bindings={'x': 'a'}, output_name='y')",
    "FeatureFunction('f')",
    "FeatureTable('t', 'id', 'told', ['k'], [], ['k', 'f'])",
    "FeatureTable('t', 'id', 'told', ['k'], ['f'], ['k', 'f'], 5, timestamp_keys=['ts'], tags={'a': 'b'})",
    "FeatureSpecInfo('s', 'ana', 5)",
    "DatabricksOnlineStore('s', 'CU_1')",
    "DatabricksOnlineStore('s', 'CU_2', 1, creator='ana', state=DatabricksOnlineStore.State.AVAILABLE)",
)
"""Expressions that create objects without a workspace, or raise errors."""


def describe() -> dict[str, Any]:
    """Describe the packages of this process.

    Returns
    -------
    dict
        ``members``: "Class.name" -> parameters of a method, as (name, kind, default), or "property";
        ``examples``: each of EXAMPLES -> public attributes, or the type of the error;
        ``names``: module -> what it exports; ``modules``: all public submodules.
    """
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {}
    members: dict[str, Any] = {}
    for name, module in {**CLASSES, **FUNCTIONS}.items():
        try:
            found[name] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
        members |= _members(name, found[name])
    examples = {text: _made(text, found) for text in EXAMPLES}
    modules = [name for package in PACKAGES for name in _modules(package)]
    exported = {name: getattr(importlib.import_module(name), "__all__", []) for name in modules}
    return {
        "members": members,
        "examples": examples,
        "modules": modules,
        "names": {module: sorted(names) for module, names in exported.items()},
    }


def _members(name: str, thing: Any) -> dict[str, Any]:
    if not isinstance(thing, type):
        return {name: _parameters(thing)}
    members: dict[str, Any] = {}
    for attribute in dir(thing):
        if attribute.startswith("_") and attribute != "__init__":
            continue
        value = getattr(thing, attribute)
        if callable(value) and not isinstance(value, type):
            members[f"{name}.{attribute}"] = _parameters(value)
        elif isinstance(value, property):
            members[f"{name}.{attribute}"] = "property"
    return members


def _parameters(function: Any) -> list[list[str]]:
    return [[p.name, p.kind.name, _default(p)] for p in inspect.signature(function).parameters.values()]  # fmt: skip


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return "required" if "VAR" not in parameter.kind.name else ""
    return "a mark" if type(parameter.default) is object else repr(parameter.default)


def _made(text: str, classes: dict[str, Any]) -> dict[str, str] | str:
    try:
        made = eval(text, {**classes, "timedelta": timedelta})
    except Exception as error:  # noqa: BLE001 (which one is the answer)
        return type(error).__name__
    names = [name for name in dir(made) if not name.startswith("_")]
    shown = {name: _shown(made, name) for name in names}
    return {name: value for name, value in shown.items() if value is not None}


def _shown(made: Any, name: str) -> str | None:
    try:
        value = getattr(made, name)
    except Exception as error:  # noqa: BLE001 (as above)
        return type(error).__name__
    return None if callable(value) else repr(value)


def _modules(package: str) -> list[str]:
    found = importlib.import_module(package)
    return [package, *(module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))]  # fmt: skip


def ask(version: str) -> dict[str, Any]:
    """Describe an official package in a separate process.

    Raises
    ------
    RuntimeError
        If the process fails; the message contains its output.
    """
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS", "MLFLOW"))
    }
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(OFFICIAL / version), str(ROOT)]),
        "PYTHONUTF8": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python" if version == "dbr-17.3-ml" else "upb",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.local.feature_engineering.official_signatures"],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=240,
    )
    if done.returncode:
        raise RuntimeError(f"{version}: the process failed\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def ask_all() -> dict[str, dict[str, Any]]:
    """Describe all official packages, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(VERSIONS, pool.map(ask, VERSIONS), strict=True))


def main() -> None:
    """Describe the official package that this process imports, on stdout."""
    answer, sys.stdout = (
        sys.stdout,
        sys.stderr,
    )  # the output of the packages is not part of the result
    import pyspark

    from tests.databricks.static.child import _Finder

    if not hasattr(pyspark, "SparkContext"):
        pyspark.SparkContext = type("SparkContext", (), {})  # type: ignore[attr-defined]
    sys.meta_path.append(_Finder())  # type: ignore[arg-type]
    json.dump(describe(), answer)


if __name__ == "__main__":
    main()
