"""The runtimes as data, and a comparison with the current environment: lesson 02.

``runtimes.yaml`` has the libraries of each runtime, with the source of each entry.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

HERE = Path(__file__).parent
PYPROJECT = HERE.parents[3] / "pyproject.toml"

NOT_VERIFIED = "not verified"
NOT_LISTED = "–"

FACTS = {
    "spark": "Spark",
    "python": "Python",
    "mlflow": "MLflow",
    "autologging": "autologging is on",
    "automl": "AutoML",
    "hyperopt": "Hyperopt",
    "gpu": "GPU variant",
    "access_mode": "access mode",
    "released": "released",
    "supported_until": "supported until",
}
"""Key of an entry -> column of `runtimes`."""


class CurrentRuntime(NamedTuple):
    """The runtime as Databricks reports it to a notebook: ``("classic", "17.3")``."""

    kind: str
    version: str


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """Return the entries of ``runtimes.yaml``; the file explains the keys.

    Examples
    --------
    >>> [entry["name"] for entry in entries() if entry["automl"]]
    ['DBR 16.4 LTS ML', 'DBR 17.3 LTS ML']
    """
    return tuple(_file()["runtimes"])


def runtimes(ml: bool | None = None) -> pd.DataFrame:
    """Return the properties of each runtime, apart from its libraries.

    Parameters
    ----------
    ml : bool, optional
        Only the variants with the machine learning libraries, or only those without.

    Returns
    -------
    pandas.DataFrame
        One row of strings for each runtime. A value without a source is "not verified".

    Examples
    --------
    >>> runtimes(ml=True).loc["DBR 17.3 LTS ML", ["Spark", "MLflow", "AutoML"]].to_dict()
    {'Spark': '4.0.0', 'MLflow': '3.0.1', 'AutoML': 'yes'}
    >>> runtimes().loc["Serverless 5 ML", "Spark"]
    'not verified'
    """
    rows = {
        entry["name"]: {title: _text(entry[key]) for key, title in FACTS.items()}
        for entry in _variants(ml)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("runtime")


def libraries(ml: bool | None = None) -> pd.DataFrame:
    """Return the version of each library in each runtime.

    Parameters
    ----------
    ml : bool, optional
        Only the variants with the machine learning libraries, or only those without.

    Returns
    -------
    pandas.DataFrame
        One row for each library, one column for each runtime; versions as strings. A library that a
        runtime does not list is "–".

    Examples
    --------
    >>> libraries().loc["tensorflow", ["DBR 18 LTS ML", "DBR 19 ML"]].tolist()
    ['2.20.0', '–']
    """
    shipped = {entry["name"]: entry["packages"] for entry in _variants(ml)}
    table = pd.DataFrame(shipped, index=_file()["libraries"])
    return table.fillna(NOT_LISTED).rename_axis("library")


def current_runtime(environ: Mapping[str, str]) -> CurrentRuntime | None:
    """Read the current runtime from environment variables; return None outside Databricks.

    Serverless compute names its environment version in ``DATABRICKS_ENV_VERSION``; the older
    ``DATABRICKS_RUNTIME_VERSION`` holds ``client.5.1`` there, and ``17.3`` or ``18.x`` on a cluster. Neither
    identifies the ML variant.

    Examples
    --------
    >>> current_runtime({"DATABRICKS_RUNTIME_VERSION": "17.3"})
    CurrentRuntime(kind='classic', version='17.3')
    >>> current_runtime({"DATABRICKS_RUNTIME_VERSION": "client.5.1"})
    CurrentRuntime(kind='serverless', version='5')
    >>> current_runtime({"DATABRICKS_RUNTIME_VERSION": "client.5.1", "DATABRICKS_ENV_VERSION": "6"})
    CurrentRuntime(kind='serverless', version='6')
    >>> current_runtime({}) is None
    True
    """
    client = environ.get("DATABRICKS_ENV_VERSION")
    version = environ.get("DATABRICKS_RUNTIME_VERSION", "")
    if client is None and version.startswith("client."):
        client = version.removeprefix("client.")
    if client:
        return CurrentRuntime("serverless", client.partition(".")[0])
    match = re.match(r"\d+(\.\d+)?", version)
    return CurrentRuntime("classic", match[0]) if match else None


def placed(here: Mapping[str, str], runtime: CurrentRuntime | None = None) -> pd.DataFrame:
    """Compare an environment with all runtimes; the most similar runtime is first.

    Versions are equal if their first two parts are: for example 2.2.3 and 2.2.1.

    Parameters
    ----------
    here : mapping of str to str
        The installed version of each library, by its normalized name. A library that is not installed
        may be missing, or be "–".
    runtime : CurrentRuntime, optional
        If given, only the variants of this runtime are compared.

    Returns
    -------
    pandas.DataFrame
        One row for each runtime. Columns: the number of libraries with the "same version", with an "other
        version", "only there" and "only here", and the sum of the last three, "different".

    Examples
    --------
    >>> placed(libraries()["DBR 19 ML"].to_dict()).loc["DBR 19 ML"].to_dict()
    {'same version': 18, 'other version': 0, 'only there': 0, 'only here': 0, 'different': 0}
    """
    rows = {}
    for name, versions in libraries().to_dict().items():
        pairs = [
            (here.get(str(library), NOT_LISTED), version) for library, version in versions.items()
        ]
        both = [(mine, its) for mine, its in pairs if NOT_LISTED not in (mine, its)]
        same = sum(_minor(mine) == _minor(its) for mine, its in both)
        rows[name] = {
            "same version": same,
            "other version": len(both) - same,
            "only there": sum(mine == NOT_LISTED != its for mine, its in pairs),
            "only here": sum(mine != NOT_LISTED == its for mine, its in pairs),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("runtime")
    table["different"] = table[["other version", "only there", "only here"]].sum(axis=1)
    mine = [entry["name"] for entry in entries() if _is(entry, runtime)]
    return table.loc[mine or table.index].sort_values("different", kind="stable")


def course_requirements() -> list[Requirement]:
    """Return the requirements of this course on Databricks, as its package declares them.

    Returns
    -------
    list of packaging.requirements.Requirement
        The dependencies, and those of the extra `databricks`.

    Raises
    ------
    FileNotFoundError
        If the package is neither installed nor in its repository.

    Examples
    --------
    >>> sorted(one.name for one in course_requirements())  # doctest: +NORMALIZE_WHITESPACE
    ['databricks-feature-engineering', 'databricks-sdk', 'lightgbm', 'mlflow-skinny', 'optuna', 'pandas',
     'pyyaml', 'scikit-learn']
    """
    try:
        declared = requires("lakelab") or []
    except PackageNotFoundError:  # a Git folder on Databricks, where nothing is installed
        declared = _declared_in(PYPROJECT)
    requirements = [Requirement(requirement) for requirement in declared]
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": "databricks"})
    ]


# ---- details ---------------------------------------------------------------------------------------
@cache
def _file() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((HERE / "runtimes.yaml").read_text(encoding="utf-8"))
    return content


def _variants(ml: bool | None) -> list[dict[str, Any]]:
    return [entry for entry in entries() if ml is None or entry["ml"] is ml]


def _text(value: Any) -> str:
    return {None: NOT_VERIFIED, True: "yes", False: "no"}.get(value, str(value))


def _minor(version: str) -> tuple[int, ...]:
    return (*Version(version).release, 0)[:2]


def _is(entry: dict[str, Any], runtime: CurrentRuntime | None) -> bool:
    """Return whether an entry is a variant of a runtime; 18.1 and 18.x are point releases of 18."""
    if runtime is None:
        return True
    same = runtime.version == entry["version"] or runtime.version.startswith(entry["version"] + ".")
    return same and runtime.kind == entry["kind"]


def _declared_in(pyproject: Path) -> list[str]:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["databricks"]
    return [*project["dependencies"], *extra]
