"""Run a lesson from top to bottom in a new kernel, and save the executed notebook."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from lakelab.lessons import Lesson
from lakelab.lessons.current_lesson import kernel_environment

CELL_SECONDS = 600
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes
    ----------
    lesson : Lesson
    seconds : float
    executed : Path
        The executed notebook.
    failed_cell : str or None
        Id of the cell that failed.
    error : str or None
        The error of that cell.
    """

    lesson: Lesson
    seconds: float
    executed: Path
    failed_cell: str | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether no cell failed."""
        return self.error is None


def run_lesson(
    lesson: Lesson,
    notebooks: Path,
    keep_in: Path,
    progress: Callable[[int, int], None] = lambda done, cells: None,
    environment: Mapping[str, str] = os.environ,
) -> Outcome:
    """Run one lesson.

    Parameters
    ----------
    lesson : Lesson
    notebooks : Path
        The folder of the notebooks; also the kernel's working folder, as in Jupyter.
    keep_in : Path
        The folder for the executed notebook, which is written after a failure, too.
    progress : callable
        Called after each cell with the number of cells done and of all cells.
    environment : mapping of str to str, optional
        The kernel's environment; that of this process by default.

    Returns
    -------
    Outcome
        With the id of the failing cell and its error, if one failed.
    """
    notebook = nbformat.read(notebooks / f"{lesson.file}.ipynb", as_version=4)
    cells = len(notebook.cells)
    failed: list[tuple[str, str]] = []
    current = "the first cell"

    def set_current(cell: Any, cell_index: int, **_: Any) -> None:
        nonlocal current
        current = cell.get("id", f"cell {cell_index}")

    def check_outputs(cell: Any, cell_index: int, **_: Any) -> None:
        progress(cell_index + 1, cells)
        # `%run` shows the error of a script and continues, but the error is the cell's, too
        failed.extend(
            (current, f"{output.ename}: {output.evalue}")
            for output in cell.get("outputs", [])
            if output.output_type == "error"
        )
        if failed:
            raise _StopHere

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebooks)}},
        on_cell_execute=set_current,
        on_cell_executed=check_outputs,
        # ipykernel prints a warning about its ports, which are open to this machine only
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    executed = keep_in / f"{lesson.file}.ipynb"
    started = time.monotonic()
    cell = error = None
    try:
        client.execute(env=kernel_environment(lesson, environment))
    except _StopHere:
        cell, error = failed[0]
    except CellExecutionError as failure:
        cell, error = current, f"{failure.ename}: {failure.evalue}"
    except CellTimeoutError:
        cell, error = current, f"took longer than {CELL_SECONDS} s"
    except DeadKernelError as failure:
        cell, error = current, f"the kernel died: {failure}"
    finally:
        keep_in.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, executed)
    seconds = time.monotonic() - started
    return Outcome(lesson, seconds, executed, cell, error and _COLOURS.sub("", error).strip())


class _StopHere(Exception):
    """Ends the run after a cell with an error in its output."""
