"""Check with each runtime's own packages that the calls of the lessons exist and that their arguments bind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OFFICIAL = ROOT / ".official"
RUNTIMES = ("dbr-17.3-ml", "dbr-18-ml", "dbr-19-ml", "newest")
COLUMNS = ("17.3 ML", "18 ML", "19 ML", "newest")


@dataclass(frozen=True)
class Answer:
    """The result with one runtime's packages: their versions, and the findings of the type inference."""

    runtime: str
    versions: dict[str, str]
    found: tuple[dict[str, Any], ...]

    def wrong(self) -> list[dict[str, Any]]:
        return [one for one in self.found if one["wrong"]]

    def unknown(self) -> list[dict[str, Any]]:
        return [one for one in self.found if one["kind"] == "unknown"]


def version(text: str) -> tuple[int, ...]:
    """Parse a version, for comparisons."""
    return tuple(int(part) for part in re.findall(r"\d+", text))


def minimum_version(package: str) -> str:
    """Return the minimum version of a package in the `%pip install` of each lesson's first cell."""
    line = next(
        line
        for line in (ROOT / "notebooks/_lab.py").read_text(encoding="utf-8").splitlines()
        if "%pip install" in line
    )
    return re.search(rf'"{package}>=([\d.]+)', line)[1]


def sdk_folder(runtime: str) -> str | None:
    """Return the folder of the newest SDK if pip replaces the runtime's; None if it is new enough."""
    (own,) = [
        path.name.split("-")[1] for path in (OFFICIAL / runtime).glob("databricks_sdk-*.dist-info")
    ] or [None]
    minimum = version(minimum_version("databricks-sdk"))
    if own is None or version(own.removesuffix(".dist")) >= minimum:
        return None
    (folder,) = find_spec("databricks.sdk").submodule_search_locations
    return str(Path(folder).parent)


def check(
    runtime: str,
    programs: list[list[tuple[str, str]]],
    modules: dict[str, str],
    sdk: str | None = None,
) -> Answer:
    """Check programs with the packages of one runtime, in a process of its own.

    Parameters
    ----------
    runtime : str
        A folder in `.official`.
    programs : list of list of (str, str)
        The cells of each lesson: name and code.
    modules : dict of str to str
        Name and source of modules of the course.
    sdk : str, optional
        The folder of another `databricks.sdk`, instead of the runtime's own.

    Raises
    ------
    RuntimeError
        If the process fails; the message has its error output.
    """
    known = yaml.safe_load((HERE / "known.yaml").read_text(encoding="utf-8"))
    request = {"programs": programs, "modules": modules, "sdk_folder": sdk, **known}
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS", "MLFLOW"))
    }
    environment |= {
        "PYTHONPATH": str(OFFICIAL / runtime),
        "PYTHONUTF8": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python" if runtime == "dbr-17.3-ml" else "upb",
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "child.py")],
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=240,
    )
    if done.returncode:
        raise RuntimeError(f"{runtime}: the process failed\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout)
    return Answer(runtime, answer["versions"], tuple(answer["found"]))


def check_all(programs: list[list[tuple[str, str]]], modules: dict[str, str]) -> list[Answer]:
    """Check programs with the packages of all runtimes, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(
            pool.map(lambda name: check(name, programs, modules, sdk_folder(name)), RUNTIMES)
        )
