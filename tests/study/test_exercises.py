"""Each exercise fails unsolved and passes solved; hints come one by one."""

from __future__ import annotations

import pytest

from lakelab.lessons import lessons
from lakelab.lessons.exercise import Exercise
from lakelab.study import exercises
from lakelab.study.exercises import HintCounter, NoSuchExerciseError, find_exercise


@pytest.fixture
def exercise(monkeypatch):
    """Replace the exercises of lesson 06 by one that expects 42."""
    from lakelab.lessons.lesson_06 import exercises as of_lesson_06

    one = Exercise(
        check=lambda lab, answer: [] if answer == 42 else [f"{answer} is not 42."],
        hints=("Think.", "Six times seven."),
        solution="\nanswer = 42\n",
        praise="So it is.",
    )
    monkeypatch.setattr(of_lesson_06, "EXERCISES", {"06.9": one})


@pytest.mark.parametrize(
    ("answer", "right", "printed"),
    [
        ((42,), True, "06.9: right. So it is."),
        ((41,), False, "41 is not 42."),
        ((...,), False, "nothing to check yet"),
        ((), False, "nothing to check yet"),
    ],
)
def test_a_check_prints_what_is_wrong(exercise, capsys, answer, right, printed):
    assert exercises.check(None, "06.9", *answer) is right
    assert printed in capsys.readouterr().out


def test_hints_come_one_by_one_and_the_last_stays(exercise, capsys):
    hints = HintCounter()
    for _ in range(3):
        hints.show_next("06.9")
    lines = capsys.readouterr().out.splitlines()
    assert "hint 1 of 2: Think." in lines[0]
    assert "hint 2 of 2: Six times seven." in lines[1]
    assert lines[1] == lines[2]
    exercises.solution("06.9")
    assert capsys.readouterr().out == "answer = 42\n"


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(NoSuchExerciseError, match="no exercise '06.7'"):
        find_exercise("06.7")


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_each_lesson_has_exercises_with_hints_and_a_solution(lesson):
    import importlib

    found = importlib.import_module(f"lakelab.lessons.lesson_{lesson.number}.exercises").EXERCISES
    assert found
    for name, exercise in found.items():
        assert name.startswith(f"{lesson.number}.")
        assert len(exercise.hints) >= 2
        assert f'lab.check("{name}"' in exercise.solution
