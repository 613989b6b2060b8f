"""Ask each runtime's own packages whether the calls of the lessons exist and bind."""

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
    """What one runtime's packages say: their versions, and the findings of `type_inference.interpreter.Finding`."""

    runtime: str
    versions: dict[str, str]
    found: tuple[dict[str, Any], ...]

    def wrong(self) -> list[dict[str, Any]]:
        return [one for one in self.found if one["wrong"]]

    def unknown(self) -> list[dict[str, Any]]:
        return [one for one in self.found if one["kind"] == "unknown"]


def version(text: str) -> tuple[int, ...]:
    """Read a version, to compare it."""
    return tuple(int(part) for part in re.findall(r"\d+", text))


def asked_for(package: str) -> str:
    """Give the least version of a package that the first cell of each lesson asks pip for."""
    line = next(
        line
        for line in (ROOT / "notebooks/_lab.py").read_text(encoding="utf-8").splitlines()
        if "%pip install" in line
    )
    return re.search(rf'"{package}>=([\d.]+)', line)[1]


def sdk_folder(runtime: str) -> str | None:
    """Where the runtime's SDK is older than the first cell asks for, pip brings the newest: name its folder."""
    (own,) = [
        path.name.split("-")[1] for path in (OFFICIAL / runtime).glob("databricks_sdk-*.dist-info")
    ] or [None]
    if own is None or version(own.removesuffix(".dist")) >= version(asked_for("databricks-sdk")):
        return None
    (folder,) = find_spec("databricks.sdk").submodule_search_locations
    return str(Path(folder).parent)


def ask(
    runtime: str,
    programs: list[list[tuple[str, str]]],
    modules: dict[str, str],
    sdk: str | None = None,
) -> Answer:
    """Ask the packages of one runtime, in a process of its own.

    Parameters
    ----------
    runtime : str
        A folder in `.official`.
    programs : list of list of (str, str)
        Lessons: cells, each with its name and code.
    modules : dict of str to str
        Name and source of modules of the course.
    sdk : str, optional
        A folder to take `databricks.sdk` from, instead of the runtime's own.

    Raises
    ------
    RuntimeError
        If the process fails; with what it said.
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


def ask_all(programs: list[list[tuple[str, str]]], modules: dict[str, str]) -> list[Answer]:
    """Ask all runtimes, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda name: ask(name, programs, modules, sdk_folder(name)), RUNTIMES))
