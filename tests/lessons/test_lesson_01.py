"""Lesson 01: its checks find wrong answers and accept the solutions; its table refers to existing parts."""

from __future__ import annotations

import re

import nbformat
import pytest

from lakelab.lab import Lab
from lakelab.lessons import find_lesson
from lakelab.lessons.lesson_01 import exercises
from lakelab.runtime import project_root
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "flights"))


@pytest.fixture
def cells():
    root = project_root()
    assert root is not None
    notebook = nbformat.read(root / "notebooks" / f"{find_lesson('01').file}.ipynb", as_version=4)
    return {cell.id: cell for cell in notebook.cells}


class TestTenPractices:
    def rows(self, cells) -> list[list[str]]:
        table = cells["key-ideas"].source.split("\n\n")[1].splitlines()[2:]
        return [[part.strip() for part in line.strip("|").split("|")] for line in table]

    def test_all_ten_are_in_the_table_and_in_the_exercise(self, cells):
        assert tuple(row[0].lower() for row in self.rows(cells)) == exercises.PRACTICES

    def test_each_practice_refers_to_existing_parts_and_lessons(self, cells):
        parts = [name for name, _ in self.parts(cells)]
        assert [part.partition(" · ")[0] for part in parts] == [str(n) for n in range(1, 13)]
        for row in self.rows(cells):
            assert row[3] in parts, row
            for number in re.findall(r"\d\d", row[4]):
                assert find_lesson(number)

    def test_each_part_has_code_that_asserts_or_is_used_later(self, cells):
        parts = dict(self.parts(cells))
        for row in self.rows(cells):
            assert parts[row[3]], f"no code shows {row[0]}"
        asserting = {name for name, code in parts.items() if any("assert " in c for c in code)}
        # parts 2 to 4 and 7 define what the other parts call; the last one draws
        assert {int(name.partition(" ")[0]) for name in asserting} == {1, 5, 6, 8, 9, 10, 11}

    def parts(self, cells) -> list[tuple[str, list[str]]]:
        """Return the heading of each part of *See it work*, with its code."""
        found: list[tuple[str, list[str]]] = []
        for cell in cells.values():
            if cell.source.startswith("### "):
                found.append((cell.source.splitlines()[0].removeprefix("### "), []))
            elif cell.source.startswith("## What goes wrong"):
                break
            elif cell.cell_type == "code" and found:
                found[-1][1].append(cell.source)
        return found


class TestPractices:
    right = defined(exercises.EXERCISES["01.1"].solution, "practices")

    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "01.1", self.right)
        assert "01.1: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab):
        (mistake,) = exercises.check_practices(lab, dict.fromkeys(self.right, ...))
        assert mistake == "No answer yet for 1, 2, 3, 4, 5, 6, 7, 8."
        assert "should be a dictionary, not list" in exercises.check_practices(lab, [])[0]

    def test_case_and_spaces_are_ignored(self, lab):
        answers = {number: f" {practice.title()} " for number, practice in self.right.items()}
        assert exercises.check_practices(lab, answers) == []

    @pytest.mark.parametrize("number", list(right))
    def test_each_wrong_answer_gets_its_reason(self, lab, number):
        (mistake,) = exercises.check_practices(lab, {**self.right, number: "model management"})
        assert mistake.startswith(f"{number} is not model management. Think of this: ")

    def test_an_unknown_practice(self, lab):
        (mistake,) = exercises.check_practices(lab, {**self.right, 2: "be careful"})
        assert mistake == "2: 'be careful' is none of the ten practices of the first table."


class TestMayReplace:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "01.2", defined(exercises.EXERCISES["01.2"].solution, "may_replace"))
        assert "01.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab):
        def may_replace(candidate, champion, minimum): ...

        assert exercises.check_may_replace(lab, may_replace) == [
            "`may_replace` returns nothing yet."
        ]
        assert "should be a function, not ellipsis" in exercises.check_may_replace(lab, ...)[0]

    def test_max_replaces_a_champion_with_nan(self, lab):
        (mistake,) = exercises.check_may_replace(
            lab, lambda new, old, least: new >= (least if old is None else max(least, old))
        )
        assert mistake.startswith(
            'the Champion\'s AUC is NaN: may_replace(0.74, float("nan"), 0.65)'
        )

    def test_a_comparison_that_refuses_worse_models_accepts_nan(self, lab):
        mistakes = exercises.check_may_replace(
            lab, lambda new, old, least: not (new < least or (old is not None and new < old))
        )
        assert len(mistakes) == 3
        assert "the candidate's AUC is NaN" in mistakes[0]

    def test_truth_of_the_champion_instead_of_none(self, lab):
        mistakes = exercises.check_may_replace(
            lab, lambda new, old, least: new >= least and new >= old
        )
        assert "raised TypeError" in mistakes[0]
        mistakes = exercises.check_may_replace(
            lab, lambda new, old, least: new > least and new > (old or 0)
        )
        assert {line.partition(":")[0] for line in mistakes} == {
            "both are equal",
            "the candidate is exactly at the minimum, and there is no Champion",
        }
