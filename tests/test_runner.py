"""The runner tells which cell failed, and why; it keeps what the notebook showed."""

from __future__ import annotations

import dataclasses

import nbformat
import pytest

from lakelab.lessons import find_lesson
from lakelab.runner import run_lesson


@pytest.fixture
def made_up(tmp_path):
    """Make a lesson of these cells; gives a function that runs it."""
    lesson = dataclasses.replace(find_lesson("06"), file="06_made_up")

    def run(*sources: str, progress=lambda done, cells: None):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        for number, cell in enumerate(cells, start=1):
            cell["id"] = f"cell-{number}"
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(notebook, tmp_path / f"{lesson.file}.ipynb")
        return run_lesson(lesson, tmp_path, tmp_path / "runs", progress)

    return run


def test_a_run_that_succeeds(made_up):
    seen: list[tuple[int, int]] = []
    outcome = made_up(
        "x = 6 * 7", "print(x)", progress=lambda done, cells: seen.append((done, cells))
    )
    assert outcome.ok
    assert seen == [(1, 2), (2, 2)]
    executed = nbformat.read(outcome.executed, as_version=4)
    assert executed.cells[1].outputs[0].text == "42\n"


def test_a_run_that_fails_names_the_cell_and_stops(made_up):
    outcome = made_up("x = 1", "assert x == 2, 'not yet'", "print('never')")
    assert not outcome.ok
    assert (outcome.failed_cell, outcome.error) == ("cell-2", "AssertionError: not yet")
    executed = nbformat.read(outcome.executed, as_version=4)
    assert executed.cells[2].outputs == []


def test_an_error_that_run_only_shows_is_a_failure(made_up, tmp_path):
    """`%run` shows the error of a script and lets the notebook go on."""
    (tmp_path / "_lab.py").write_text("raise ValueError('no lab')")
    outcome = made_up("%run ./_lab", "print('never')")
    assert (outcome.failed_cell, outcome.error) == ("cell-1", "ValueError: no lab")


def test_a_kernel_that_dies_is_told(made_up):
    outcome = made_up("import os\nos._exit(1)")
    assert not outcome.ok
    assert "died" in outcome.error
    assert outcome.failed_cell == "cell-1"
