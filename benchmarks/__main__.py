"""Measure all areas, or those that are named, and print which bars are met: ``python -m benchmarks``."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.frame import Figure

AREAS = [
    "point_in_time",
    "score_batch",
    "write_table",
    "log_model",
    "start",
    "online_store",
    "automl",
]

SLOW = {"automl"}
"""Only measured if named: ``make bench-automl`` takes a quarter of an hour."""


def main(areas: list[str]) -> int:
    """Print a table for each area; return 1 if a bar is missed, and 2 for an unknown area."""
    if unknown := set(areas) - set(AREAS):
        print(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(AREAS)}.")
        return 2
    console = Console()
    console.width = max(console.width, 150)  # a log has no width; without it, rows would wrap
    missed = 0
    for area in areas or [area for area in AREAS if area not in SLOW]:
        module = importlib.import_module(f"benchmarks.{area}")
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            figures: list[Figure] = module.figures(Path(folder))
        load = " ".join(f"{value:.1f}" for value in os.getloadavg())
        table = Table(title=f"{area} ({os.cpu_count()} cores, load {load})", title_justify="left")
        for column in ("", "bar", "measured", "", "peak memory", "compared with"):
            table.add_column(column, justify="right" if column == "measured" else "left")
        for figure in figures:
            table.add_row(*_cells(figure))
        console.print(table)
        missed += sum(not figure.met for figure in figures)
    console.print("All bars are met." if not missed else f"Missed: {missed}.")
    return 1 if missed else 0


def _cells(figure: Figure) -> list[str]:
    return [
        figure.label,
        f"{'≥' if figure.at_least else '≤'} {figure.bar:g} {figure.unit}",
        "-" if figure.measured is None else f"{figure.measured:.3g} {figure.unit}",
        "[green]met[/]" if figure.met else "[red]missed[/]",
        "" if figure.memory_mb is None else f"{figure.memory_mb:.0f} MB",
        figure.note,
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
