"""Lesson 04: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import copy
import re

import pytest

from lakelab.lab import Lab
from lakelab.lessons.lesson_04 import exercises
from lakelab.lessons.lesson_04.exercises import check_class_weights, check_edited_copy
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "lakelab"))


@pytest.mark.parametrize(("name", "function"), [("04.1", "class_weights"), ("04.2", "edited_copy")])
def test_the_solutions_pass(lab, capsys, name, function):
    assert check(lab, name, defined(exercises.EXERCISES[name].solution, function))
    assert f"{name}: right" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "function"), [("04.1", "class_weights"), ("04.2", "edited_copy")])
def test_the_unsolved_cell_is_refused(lab, capsys, name, function):
    assert not check(lab, name, lambda *arguments: None)
    assert f"{function} returned None" in capsys.readouterr().out


def weights(how):
    """Return a function that computes the weight of each class from its rows before and after."""
    return lambda before, after: {
        name: how(before.count(name), after.count(name)) for name in dict.fromkeys(before)
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "should be a function, not int"),
        (lambda before, after: 1.357, "returned float"),
        (lambda before, after: {"late": 1.0}, "one for each class"),
        (lambda before, after: 1 / 0, "raised ZeroDivisionError"),
        (weights(lambda before, after: after / before), "the other way round"),
        (weights(lambda before, after: round(before / after, 3)), "is rounded"),
        (weights(lambda before, after: 1), "rows x weight is not what it was"),
        (weights(lambda before, after: str(before / after)), "a number is wanted"),
    ],
)
def test_wrong_weights_get_a_reason(lab, answer, message):
    assert message in check_class_weights(lab, answer)[0]


def editing(pattern, *, every=False, copied=True, strict=True):
    """Return an editor with flaws."""

    def edited_copy(notebook, name, value):
        edited = copy.deepcopy(notebook) if copied else notebook
        changed = 0
        for cell in edited.cells:
            if every or cell.cell_type == "code":
                cell.source, count = re.subn(
                    pattern.format(name=name), f"{name}={value}", cell.source
                )
                changed += count
        if strict and not changed:
            raise ValueError(name)
        return edited

    return edited_copy


GOOD = r"\b{name}=[^,\s)]+"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("notebook", "should be a function, not str"),
        (lambda notebook, name, value: notebook.missing, "raised AttributeError"),
        (lambda notebook, name, value: "text", "returned str"),
        (editing(GOOD, copied=False), "The original has changed"),
        (editing(GOOD, every=True), "A markdown cell has changed"),
        (editing(r"{name}=[^,\s)]+"), "start_learning_rate has changed"),
        (editing(r"\b{name}=\S+"), "this cell is wanted"),
        (editing(GOOD, strict=False), "raise a ValueError"),
        (lambda notebook, name, value: copy.deepcopy(notebook), "this cell is wanted"),
    ],
)
def test_wrong_edits_get_a_reason(lab, answer, message):
    assert check_edited_copy(lab, editing(GOOD)) == []
    assert message in check_edited_copy(lab, answer)[0]
