"""How a figure is measured and held against its bar.

Each area has a module with a function ``figures(folder)``, which measures in processes of its own
(:func:`measured`), so that the peak memory told beside a figure is that of this one alone.
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
    what : str
    measured : float or None
        None if it could not be measured: the bar counts as missed, and ``note`` says why.
    unit : str
        ``s``, ``ms``, ``MB``, or ``x``: a ratio, of times or of how fast both are.
    bar : float
    at_least : bool
        Whether the bar is the least that is wanted, and not the most.
    memory_mb : float or None
        Peak memory of the process that was measured.
    note : str
        What it was held against.
    """

    what: str
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
class Measured:
    """What a function gave that ran in a process of its own, and how much memory that took."""

    result: Any
    memory_mb: float


def measured(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Call a function of a module, with arguments that JSON can say, in a new process."""
    command = [sys.executable, "-m", "benchmarks.frame", function.__module__, function.__name__]
    return run([*command, json.dumps([str(a) if isinstance(a, Path) else a for a in arguments])])


def run(command: list[str], folder: Path = ROOT, limit_s: float | None = None) -> Measured:
    """Run a program in a folder; its last line tells in JSON ``result`` and ``memory_mb``.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer than ``limit_s`` seconds; it is ended then.
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
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def seconds(function: Callable[[int], Any]) -> float:
    """Call a function some times, with the number of the call, and give the median of the seconds."""
    took = []
    for repeat in range(REPEATS):
        start = time.perf_counter()
        function(repeat)
        took.append(time.perf_counter() - start)
    return median(took)


def half_of_the_calls_ms(function: Callable[[Any], Any], arguments: list[Any]) -> float:
    """Give the median milliseconds of one call; the median of some rounds of all arguments."""
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
    """Give the peak memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    module, name, told = sys.argv[1:]
    result = getattr(importlib.import_module(module), name)(*json.loads(told))
    print(json.dumps({"result": result, "memory_mb": peak_memory_mb()}))
