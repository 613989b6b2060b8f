"""Programs in processes of their own: they get ready, and begin together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PATIENCE_SECONDS = 240
"""When a process counts as hanging, on a machine that is busy with other tests."""

HERE = Path(__file__).parent


def environment(**more: str) -> dict[str, str]:
    """Give the environment of a notebook that somebody opens: nothing of this process' lab in it."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABRICKS_", "LAKELAB_", "MLFLOW_", "_MLFLOW", "SPARK_"))
    }
    return {**inherited, "MLFLOW_DISABLE_TELEMETRY": "true", **more}


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program of this folder."""
    return subprocess.Popen(
        [sys.executable, str(HERE / program), *map(str, arguments)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def together(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Let processes that said `ready` begin at once; give what each then said.

    Each must end well, and say nothing on its error stream.
    """
    for process in processes:
        assert process.stdout
        if (first := process.stdout.readline()) != "ready\n":
            raise AssertionError(first + process.communicate(timeout=PATIENCE_SECONDS)[1])
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = []
    for process in processes:
        out, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, errors) == (0, ""), out + errors
        said.append(out)
    return said
