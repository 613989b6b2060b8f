"""The runtimes as data, and where this one stands among them: lesson 02.

What each runtime ships is in ``runtimes.yaml``, with the source of each entry.
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
"""The columns of `runtimes`, and how each is called there."""


class Told(NamedTuple):
    """What Databricks tells a notebook about its runtime: ``("classic", "17.3")``."""

    kind: str
    version: str


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """Give all runtimes as ``runtimes.yaml`` has them; the file says what each key means.

    Examples
    --------
    >>> [entry["name"] for entry in entries() if entry["automl"]]
    ['DBR 16.4 LTS ML', 'DBR 17.3 LTS ML']
    """
    return tuple(_file()["runtimes"])


def runtimes(ml: bool | None = None) -> pd.DataFrame:
    """Tell for each runtime what is not a library.

    Parameters
    ----------
    ml : bool, optional
        Only the variants with the machine learning libraries, or only those without.

    Returns
    -------
    pandas.DataFrame
        One row for each runtime, named by it; texts. What no source tells is "not verified".

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
    """Tell which version of each library each runtime ships.

    Parameters
    ----------
    ml : bool, optional
        Only the variants with the machine learning libraries, or only those without.

    Returns
    -------
    pandas.DataFrame
        One row for each library, one column for each runtime; versions as texts. A library that the
        runtime's list does not name is "–".

    Examples
    --------
    >>> libraries().loc["tensorflow", ["DBR 18 LTS ML", "DBR 19 ML"]].tolist()
    ['2.20.0', '–']
    """
    shipped = {entry["name"]: entry["packages"] for entry in _variants(ml)}
    table = pd.DataFrame(shipped, index=_file()["libraries"])
    return table.fillna(NOT_LISTED).rename_axis("library")


def told(environ: Mapping[str, str]) -> Told | None:
    """Read from environment variables which runtime this is; None where there is no Databricks.

    Serverless compute names its environment version in ``DATABRICKS_ENV_VERSION``; the older
    ``DATABRICKS_RUNTIME_VERSION`` holds ``client.5.1`` there, and ``17.3`` or ``18.x`` on a cluster. Neither
    is known to tell the ML variant.

    Examples
    --------
    >>> told({"DATABRICKS_RUNTIME_VERSION": "17.3"})
    Told(kind='classic', version='17.3')
    >>> told({"DATABRICKS_RUNTIME_VERSION": "client.5.1"})
    Told(kind='serverless', version='5')
    >>> told({"DATABRICKS_RUNTIME_VERSION": "client.5.1", "DATABRICKS_ENV_VERSION": "6"})
    Told(kind='serverless', version='6')
    >>> told({}) is None
    True
    """
    client = environ.get("DATABRICKS_ENV_VERSION")
    version = environ.get("DATABRICKS_RUNTIME_VERSION", "")
    if client is None and version.startswith("client."):
        client = version.removeprefix("client.")
    if client:
        return Told("serverless", client.partition(".")[0])
    found = re.match(r"\d+(\.\d+)?", version)
    return Told("classic", found[0]) if found else None


def placed(here: Mapping[str, str], runtime: Told | None = None) -> pd.DataFrame:
    """Compare an environment with all runtimes: the nearest comes first.

    Versions count as equal where their first two parts are: 2.2.3 and 2.2.1 are.

    Parameters
    ----------
    here : mapping of str to str
        What is installed: the version of each library, by its normalized name. One that is not there
        may be left out, or be "–".
    runtime : Told, optional
        Compare only with the variants of this runtime, if it is known.

    Returns
    -------
    pandas.DataFrame
        One row for each runtime. Columns: how many libraries have the "same version", an "other
        version", are "only there" and "only here", and their sum without the first, "different".

    Examples
    --------
    >>> placed(libraries()["DBR 19 ML"].to_dict()).loc["DBR 19 ML"].to_dict()
    {'same version': 18, 'other version': 0, 'only there': 0, 'only here': 0, 'different': 0}
    """
    rows = {}
    for name, there in libraries().to_dict().items():
        pairs = [(here.get(str(one), NOT_LISTED), version) for one, version in there.items()]
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
    """Tell what this course needs on Databricks, as its package declares it.

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
    found = [Requirement(one) for one in declared]
    return [
        one for one in found if one.marker is None or one.marker.evaluate({"extra": "databricks"})
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


def _is(entry: dict[str, Any], runtime: Told | None) -> bool:
    """Say whether an entry is a variant of a runtime; 18.1 and 18.x are point releases of 18."""
    if runtime is None:
        return True
    same = runtime.version == entry["version"] or runtime.version.startswith(entry["version"] + ".")
    return same and runtime.kind == entry["kind"]


def _declared_in(pyproject: Path) -> list[str]:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["databricks"]
    return [*project["dependencies"], *extra]
