"""The code that runs on Databricks: the cells of each lesson, and the modules beside the notebooks."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[3]
NOTEBOOKS = ROOT / "notebooks"
SRC = ROOT / "src"


@dataclass(frozen=True)
class Piece:
    """A code cell, the solution of an exercise, or a module.

    Attributes
    ----------
    unit : str
        ``10 see-store``, ``10 solution 10.2``, ``lakelab.serving``.
    code : str
        Python; lines that begin with ``%`` are left empty.
    """

    unit: str
    code: str
    raw: str


def as_python(cell: str) -> str:
    """Replace magics by empty lines, so that the line numbers of the Python code stay."""
    if cell.lstrip().startswith("%%"):
        return ""
    return re.sub(r"(?m)^\s*[%!].*$", "", cell)


@cache
def lessons() -> dict[str, tuple[Piece, ...]]:
    """Return for each lesson, by number, its code cells in order, then the solutions of its exercises."""
    found = {}
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        number = path.name[:2]
        cells = nbformat.read(path, as_version=4).cells
        pieces = [
            Piece(f"{number} {cell.id}", as_python(cell.source), cell.source)
            for cell in cells
            if cell.cell_type == "code"
        ]
        found[number] = (*pieces, *_solutions(number))
    return found


def _solutions(number: str) -> list[Piece]:
    exercises = importlib.import_module(f"lakelab.lessons.lesson_{number}.exercises").EXERCISES
    return [
        Piece(f"{number} solution-{name}", as_python(one.solution), one.solution)
        for name, one in exercises.items()
    ]


BESIDE = (
    "lab",
    "start",
    "runtime",
    "platforms/*",
    "cleanup/*",
    "workspaces",
    "serving",
    "environments",
    "flights/[!m]*",
    "flights/model",
    "lessons/prepare/*",
    "lessons/study_runs/*",
    "lessons/current_lesson",
    "lessons/created_objects",
    "lessons/rehearsal_grants",
    "lessons/*/exercises",
    "lessons/lesson_02/runtimes",
    "lessons/lesson_13/live",
    "lessons/lesson_13/pages",
    "lessons/lesson_16/pipeline",
    "automl/*",
)
"""The modules under ``src/lakelab`` that run on Databricks."""


@cache
def modules() -> tuple[Piece, ...]:
    """Return the modules that run on Databricks, the notebooks of jobs, and the set-up notebook."""
    found = {}
    for path in sorted((ROOT / "resources").glob("*.py")):
        code = path.read_text(encoding="utf-8")
        found[path.name] = Piece(f"resources/{path.name}", as_python(code), code)
    for pattern in BESIDE:
        for path in sorted((SRC / "lakelab").glob(f"{pattern}.py")):
            name = ".".join(path.relative_to(SRC).with_suffix("").parts)
            code = path.read_text(encoding="utf-8")
            found[name] = Piece(name.removesuffix(".__init__"), code, code)
    setup = (NOTEBOOKS / "_lab.py").read_text(encoding="utf-8")
    return (Piece("notebooks/_lab.py", setup, setup), *found.values())


@cache
def runtimes() -> dict[str, dict[str, str]]:
    """Return the packages of each runtime, by its name, from the data of lesson 02."""
    path = SRC / "lakelab/lessons/lesson_02/runtimes.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = content["runtimes"] if isinstance(content, dict) else content
    return {entry["name"]: entry for entry in entries}


def first_text(number: str) -> str:
    """Return the text of a lesson before its first code cell."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    texts = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            break
        texts.append(cell.source)
    return "\n".join(texts)


def text_of(number: str) -> str:
    """Return the text of all Markdown cells of a lesson."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
