"""Lesson 03: the check of its exercise finds wrong answers and accepts the solution."""

from __future__ import annotations

import pytest

from lakelab.lab import Lab
from lakelab.lessons.lesson_03 import exercises
from lakelab.lessons.lesson_03.exercises import check_to_exclude
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "lakelab"))


def test_the_solution_passes(lab, capsys):
    assert check(lab, "03.1", defined(exercises.EXERCISES["03.1"].solution, "to_exclude"))
    assert "03.1: right" in capsys.readouterr().out


def test_the_unsolved_cell_is_refused(lab, capsys):
    def to_exclude(importance): ...

    assert not check(lab, "03.1", to_exclude)
    assert "to_exclude returned None" in capsys.readouterr().out
    assert not check(lab, "03.1", ...)
    assert "nothing to check yet" in capsys.readouterr().out


def names(mask_of):
    """Return a function that returns the sorted names for which the mask is true."""
    return lambda importance: sorted(importance.index[mask_of(importance)])


@pytest.mark.parametrize(
    ("to_exclude", "message"),
    [
        (names(lambda t: t["mean"] <= t["std"]), "'noise' can go. Its mean is above its std"),
        (names(lambda t: t["mean"] < 2 * t["std"]), "'year' can go. Its mean is 0"),
        (names(lambda t: t["mean"] < 0.01), "'hour' should stay. Its mean is small"),
        (names(lambda t: abs(t["mean"]) <= 2 * t["std"]), "'gate' can go. Its mean is negative"),
        (names(lambda t: t["mean"] > 2 * t["std"]), "'hour' should stay"),
        (lambda t: list(t.index[t["mean"] <= 2 * t["std"]]), "should be sorted"),
        (lambda t: t.index[t["mean"] <= 2 * t["std"]], "a list of names, not Index"),
        (lambda t: [0, 1], "0 is no column of the table"),
        (lambda t: t["importance"], "raised KeyError"),
        (lambda t: ["edge", "gate", "humidity", "noise", "year"], "all columns stay: 'edge' is no"),
        ("noise", "should be a function, not str"),
    ],
)
def test_wrong_answers_get_a_reason(lab, to_exclude, message):
    assert message in "\n".join(check_to_exclude(lab, to_exclude))
