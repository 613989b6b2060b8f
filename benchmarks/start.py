"""The waiting time of a learner: for ``%run ./_lab`` and a first query, and for ``import lakelab``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.frame import REPEATS, ROOT, Figure, measure


def figures(folder: Path) -> list[Figure]:
    """Measure both, each time in a new process; the lab starts in a home that is not new."""
    home = folder / "home"
    measure(run_lab, home)
    labs = [measure(run_lab, home) for _ in range(REPEATS)]
    imports = [measure(import_lakelab) for _ in range(REPEATS)]
    return [
        Figure(
            "%run ./_lab to the first query",
            median(each.result for each in labs),
            "s",
            6,
            memory_mb=max(each.memory_mb for each in labs),
            note="a new kernel, a home with tables",
        ),
        Figure(
            "import lakelab",
            median(each.result for each in imports),
            "s",
            0.3,
            note="a new Python, lakelab.start imported with it",
        ),
    ]


# ---- the measured functions, each in its own process ---------------------------------------------------
def run_lab(home: str) -> float:
    """Return the seconds of the set-up cell of a lesson and a query, in IPython as in a notebook."""
    from IPython.core.interactiveshell import InteractiveShell

    os.environ["LAKELAB_HOME"] = home
    os.chdir(ROOT / "notebooks")
    shell = InteractiveShell.instance()
    start = time.perf_counter()
    for cell in ("%run ./_lab", "assert spark.sql('SELECT 1 AS one').collect()[0].one == 1"):
        shell.run_cell(cell).raise_error()
    took = time.perf_counter() - start
    print()  # end the line of the lab's output
    return took


def import_lakelab() -> float:
    """Return the seconds of the import, in a new Python process."""
    code = (
        "import time; s = time.perf_counter(); import lakelab.start; print(time.perf_counter() - s)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return float(done.stdout)
