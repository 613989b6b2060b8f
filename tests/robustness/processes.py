"""Programs in processes of their own, which begin their work at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PATIENCE_SECONDS = 240
"""The time after which a process counts as hanging, on a machine that is busy with other tests."""

HERE = Path(__file__).parent


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a new notebook, without the variables of this process's lab."""
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


def run_together(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Start the work of processes that have printed `ready` at the same time; return their output.

    Each process must exit with 0 and leave its error stream empty.
    """
    for process in processes:
        assert process.stdout
        if (first := process.stdout.readline()) != "ready\n":
            raise AssertionError(first + process.communicate(timeout=PATIENCE_SECONDS)[1])
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = []
    for process in processes:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, errors) == (0, ""), output + errors
        outputs.append(output)
    return outputs
