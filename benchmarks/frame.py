"""Measure figures, and compare each with its bar.

Each area has a module with a function ``figures(folder)``, which measures in processes of their own
(:func:`measure`), so that the peak memory of a figure is that of its own process.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
FEAST = ROOT / ".venv-bench" / "bin" / "python"
REPEATS = 3


@dataclass(frozen=True)
class Figure:
    """A measured figure and its bar.

    Attributes
    ----------
    label : str
    measured : float or None
        None if it could not be measured: the bar counts as missed, and ``note`` has the reason.
    unit : str
        ``s``, ``ms``, ``MB``, or ``x``: a ratio of times or of speeds.
    bar : float
    at_least : bool
        Whether the bar is a minimum, and not a maximum.
    memory_mb : float or None
        Peak memory of the process that was measured.
    note : str
        What the figure is compared with.
    """

    label: str
    measured: float | None
    unit: str
    bar: float
    at_least: bool = False
    memory_mb: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        if self.measured is None:
            return False
        return self.measured >= self.bar if self.at_least else self.measured <= self.bar


@dataclass(frozen=True)
class Measurement:
    """The result of a function in a process of its own, and the peak memory of the process."""

    result: Any
    memory_mb: float


def measure(function: Callable[..., Any], *arguments: Any) -> Measurement:
    """Call a function of a module in a new process, with arguments that JSON can represent."""
    command = [sys.executable, "-m", "benchmarks.frame", function.__module__, function.__name__]
    return run([*command, json.dumps([str(a) if isinstance(a, Path) else a for a in arguments])])


def run(command: list[str], folder: Path = ROOT, limit_s: float | None = None) -> Measurement:
    """Run a program in a folder; its last line of output is ``result`` and ``memory_mb`` in JSON.

    Raises
    ------
    subprocess.TimeoutExpired
        If the program takes longer than ``limit_s`` seconds; it is killed then.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=limit_s,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise SystemExit(f"{' '.join(command[1:5])} failed with {done.returncode}.")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def median_seconds(function: Callable[[int], Any]) -> float:
    """Call a function some times, with the number of the call; return the median of the seconds."""
    took = []
    for repeat in range(REPEATS):
        start = time.perf_counter()
        function(repeat)
        took.append(time.perf_counter() - start)
    return median(took)


def median_call_ms(function: Callable[[Any], Any], arguments: list[Any]) -> float:
    """Return the median milliseconds of one call; the median of some rounds over all arguments."""
    rounds = []
    clock = time.perf_counter
    for _ in range(REPEATS):
        took = []
        for argument in arguments:
            start = clock()
            function(argument)
            took.append(clock() - start)
        rounds.append(median(took) * 1000)
    return median(rounds)


def peak_memory_mb() -> float:
    """Return the peak memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    module, name, arguments = sys.argv[1:]
    result = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    print(json.dumps({"result": result, "memory_mb": peak_memory_mb()}))
