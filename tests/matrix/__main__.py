"""Run the lessons with the MLflow of each runtime and with the pinned one: ``make test-matrix [LESSON=06]``.

The folder of each MLflow is the first on the path of the kernels; all other packages are those of `.venv`.
Prints lesson x version; the exit code is 1 if a lesson fails with any of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lakelab.lessons import Lesson, find_lesson, lessons
from lakelab.runner import Outcome, run_lesson

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".matrix"
VERSIONS = {
    "3.0.1": "17.3 LTS ML",
    "3.8.1": "18 LTS ML",
    "3.12.0": "19 ML",
    "": "pinned",
}
"""Version of MLflow -> the Databricks Runtime that ships it; the last is the one in constraints.txt."""
KNOWN = {
    (
        "15",
        "3.0.1",
    ): "its copy_model_version does not reach from the workspace registry into Unity Catalog",
}
"""Lesson and version -> why the lesson cannot run; README has this, too."""
AT_A_TIME = 2


@dataclass(frozen=True)
class Column:
    """The results with one MLflow: its version, and the outcome of each lesson by number."""

    version: str
    outcomes: dict[str, Outcome]


def main(numbers: list[str]) -> int:
    """Run all lessons, or those with the given numbers, with each MLflow."""
    chosen = [find_lesson(number) for number in numbers] or list(lessons())
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            results = pool.map(lambda version: _column(version, chosen, Path(folder)), VERSIONS)
            columns = list(results)
        console = Console()
        console.width = max(console.width, 120)  # a log has no width; without it, rows would wrap
        console.print(_table(chosen, columns))
        failures = []
        for column in columns:
            for outcome in column.outcomes.values():
                why = KNOWN.get((outcome.lesson.number, column.version))
                if why and outcome.ok:
                    raise SystemExit(
                        f"{outcome.lesson.file} runs with MLflow {column.version} now: see KNOWN."
                    )
                if why:
                    console.print(f"{outcome.lesson.number} with MLflow {column.version}: {why}.")
                elif not outcome.ok:
                    failures.append((column.version, outcome))
        for version, outcome in failures:
            console.print(
                f"{outcome.lesson.file} with MLflow {version}, cell {outcome.failed_cell}:"
            )
            console.print(f"    {outcome.error}", markup=False, highlight=False)
    return 1 if failures else 0


def _column(version: str, chosen: list[Lesson], folder: Path) -> Column:
    """Run the lessons in order with one MLflow, in a home of their own."""
    clients = CLIENTS / f"mlflow-{version}" if version else None
    if clients is not None and not (clients / ".ready").is_file():
        raise SystemExit(f"{clients} is not installed: `make test-matrix` does it.")
    home = folder / (version or "pinned")
    environment = {
        **os.environ,
        "PYTHONPATH": str(clients) if clients else "",
        "LAKELAB_HOME": str(home),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    imported = subprocess.run(
        [sys.executable, "-c", "import mlflow; print(mlflow.__version__)"],
        env=environment, capture_output=True, text=True, check=True, cwd=folder,
    ).stdout.strip()  # fmt: skip
    if version not in ("", imported):
        raise SystemExit(f"The kernels import MLflow {imported} instead of {version}.")
    outcomes = {}
    for lesson in chosen:
        outcomes[lesson.number] = run_lesson(
            lesson, ROOT / "notebooks", home / "runs", environment=environment
        )
        mark = "ok" if outcomes[lesson.number].ok else "FAIL"
        print(f"MLflow {imported:8} {lesson.file:45} {mark}", flush=True)
    return Column(imported, outcomes)


def _table(chosen: list[Lesson], columns: list[Column]) -> Table:
    table = Table(title="Lessons with the MLflow of each Databricks Runtime", title_justify="left")
    table.add_column("lesson")
    for column, runtime in zip(columns, VERSIONS.values(), strict=True):
        table.add_column(f"{column.version}\n{runtime}", justify="right")
    for lesson in chosen:
        table.add_row(
            f"{lesson.number}  {lesson.title}",
            *(_cell(column, column.outcomes[lesson.number]) for column in columns),
        )
    return table


def _cell(column: Column, outcome: Outcome) -> str:
    if outcome.ok:
        return f"{outcome.seconds:.0f} s"
    known = (outcome.lesson.number, column.version) in KNOWN
    return "no" if known else f"[red]{outcome.failed_cell}[/]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
