"""Check Python, packages, engine, disk and ports of this machine, one after the other.

Tested in ``tests/test_cli.py``.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lakelab.local.notebook.mlflow_ui import PortTakenError, free_port
from lakelab.local.sql.known_wrong_values import KNOWN_WRONG_VALUES
from lakelab.local.system.home import HomeError
from lakelab.platforms.local_tracking import require_tracking_server
from lakelab.runtime import LabError, find_home

PACKAGES = (
    "mlflow", "pysail", "pyspark-client", "deltalake", "duckdb", "databricks-sdk",
    "scikit-learn", "pandas", "sqlglot", "ipykernel", "jupyterlab",
)  # fmt: skip
FREE_GB = 2


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes
    ----------
    what : str
        The subject of the check.
    ok : bool
    found : str
        The facts that the check found.
    mend : str
        What the user can do if the check failed.
    """

    what: str
    ok: bool
    found: str
    mend: str = ""


def examine() -> Iterator[Finding]:
    """Run all checks, the slowest last."""
    for check in (_python, _packages, _clash, _home, _disk, _ports, _tracking, _values, _engine):
        yield check()


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info < (3, 14)
    return Finding(
        "Python",
        ok,
        f"{platform.python_version()} at {sys.executable}",
        "3.11, 3.12 or 3.13 is needed: make clean, then make PYTHON=python3.12 doctor",
    )


def _packages() -> Finding:
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    summary = ", ".join(found) if not missing else f"missing: {', '.join(missing)}"
    return Finding("packages", not missing, summary, "Remove .venv and run make doctor again.")


def _clash() -> Finding:
    """Check that no other Spark is installed: PySpark and pyspark-client overwrite each other's files."""
    clashing = [name for name in ("pyspark", "databricks-connect") if _installed(name)]
    return Finding(
        "no second Spark",
        not clashing,
        f"installed beside pyspark-client: {', '.join(clashing)}" if clashing else "none",
        f"pip uninstall {' '.join(clashing)}, then pip install --force-reinstall pyspark-client",
    )


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _home() -> Finding:
    try:
        home = find_home().prepare()
    except HomeError as error:
        return Finding("local state", False, str(error), "Set LAKELAB_HOME to another folder.")
    return Finding("local state", True, str(home.real_path))


def _disk() -> Finding:
    try:
        folder = find_home().real_path
    except HomeError:  # the check before reports it
        folder = Path.cwd()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    return Finding(
        "disk",
        free >= FREE_GB,
        f"{free:.1f} GB free at {folder}",
        f"{FREE_GB} GB are needed: free some, or set LAKELAB_HOME to a folder on another disk.",
    )


def _ports() -> Finding:
    try:
        port = free_port()
    except PortTakenError as error:
        return Finding("ports", False, str(error), "Allow this user to listen on 127.0.0.1.")
    return Finding("ports", True, f"can listen on 127.0.0.1 (tried {port})")


def _tracking() -> Finding:
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        require_tracking_server()
    except LabError as error:
        return Finding("MLflow", False, str(error), "Start the server, or unset the variable.")
    if uri and uri.startswith("http"):
        return Finding("MLflow", True, uri)
    try:
        find_home().check_store()
    except HomeError as error:
        return Finding("MLflow", False, str(error), "Move the file away, or restore it.")
    ignored = f"{uri} is not used here; " if uri else ""
    return Finding("MLflow", True, f"{ignored}tracks in a file under local state")


def _values() -> Finding:
    """Show the values that the engine is known to compute wrongly, which no check can mend."""
    known = [f"{one.what} {one.advice}" for one in KNOWN_WRONG_VALUES]
    return Finding("known wrong values", True, " ".join(known) or "none")


def _engine() -> Finding:
    from lakelab.local.spark.engine import EngineError
    from lakelab.local.spark.session import start_spark

    try:
        spark = start_spark(find_home())
        answer = spark.sql("SELECT 6 * 7").collect()[0][0]
    except (EngineError, HomeError) as error:
        return Finding("engine", False, str(error), "Reinstall: make clean, then make doctor.")
    tables = sum(1 for _ in spark.unity.all_tables())
    return Finding("engine", answer == 42, f"Sail {version('pysail')} answers; {tables} tables")
