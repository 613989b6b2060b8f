"""Exercises: a check that says what is still wrong, hints one by one, a solution on request.

The exercises of lesson 06 are ``EXERCISES`` in ``lakelab/lessons/lesson_06/exercises.py``.
"""

from __future__ import annotations

import importlib
from typing import Any

from lakelab.lessons import find_lesson
from lakelab.lessons.exercise import CheckContext, Exercise


class NoSuchExerciseError(ValueError):
    """An exercise was asked for that does not exist."""


_given: dict[str, int] = {}


def find(exercise: str) -> Exercise:
    """Find an exercise by its name, such as ``06.1``."""
    lesson = find_lesson(str(exercise).partition(".")[0])
    module = importlib.import_module(f"lakelab.lessons.lesson_{lesson.number}.exercises")
    if exercise not in module.EXERCISES:
        raise NoSuchExerciseError(
            f"There is no exercise '{exercise}'. Lesson {lesson.number} has: "
            f"{', '.join(module.EXERCISES)}."
        )
    return module.EXERCISES[exercise]


def check(lab: CheckContext, exercise: str, *answer: Any) -> bool:
    """Say whether an answer is right, or what is still wrong with it."""
    found = find(exercise)
    if not answer or all(part is None or part is ... for part in answer):
        print(f"{exercise}: nothing to check yet. Replace the ... above, and run the cell again.")
        return False
    wrong = found.check(lab, *answer)
    if wrong:
        print(f"{exercise}: not yet.")
        for what in wrong:
            print(f"  - {what}")
        print(f'Stuck? lab.hint("{exercise}")')
        return False
    print(f"{exercise}: right. {found.praise}")
    return True


def hint(exercise: str) -> None:
    """Show the next hint; after the last one, it stays."""
    hints = find(exercise).hints
    number = min(_given.get(exercise, 0), len(hints) - 1)
    _given[exercise] = number + 1
    more = "" if number + 1 < len(hints) else f' The solution: lab.solution("{exercise}")'
    print(f"{exercise}, hint {number + 1} of {len(hints)}: {hints[number]}{more}")


def solution(exercise: str) -> None:
    """Show a solution."""
    print(find(exercise).solution.strip())
