"""Exercises: check an answer and print what is still wrong, show hints one by one, show a solution."""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

from lakelab.lessons import find_lesson
from lakelab.lessons.exercise import CheckContext, Exercise


class NoSuchExerciseError(ValueError):
    """The requested exercise does not exist."""


def find_exercise(name: str) -> Exercise:
    """Return an exercise by its name, such as ``06.1``.

    Raises
    ------
    NoSuchExerciseError
        If the lesson has no such exercise.
    """
    lesson = find_lesson(str(name).partition(".")[0])
    module = importlib.import_module(f"lakelab.lessons.lesson_{lesson.number}.exercises")
    exercises: dict[str, Exercise] = module.EXERCISES
    if name not in exercises:
        raise NoSuchExerciseError(
            f"There is no exercise '{name}'. Lesson {lesson.number} has: {', '.join(exercises)}."
        )
    return exercises[name]


def check(context: CheckContext, name: str, *answer: Any) -> bool:
    """Check an answer, and print what is still wrong with it.

    Parameters
    ----------
    context : CheckContext
        The lab.
    name : str
        Such as ``06.1``.
    *answer
        The learner's answer.

    Returns
    -------
    bool
        Whether the answer is right.
    """
    exercise = find_exercise(name)
    if not answer or all(part is None or part is ... for part in answer):
        print(f"{name}: nothing to check yet. Replace the ... above, and run the cell again.")
        return False
    mistakes = exercise.check(context, *answer)
    if mistakes:
        print(f"{name}: not yet.")
        for mistake in mistakes:
            print(f"  - {mistake}")
        print(f'Stuck? lab.hint("{name}")')
        return False
    print(f"{name}: right. {exercise.praise}")
    return True


class HintCounter:
    """The number of hints that were shown for each exercise."""

    def __init__(self) -> None:
        self._shown: Counter[str] = Counter()

    def show_next(self, name: str) -> None:
        """Show the next hint of an exercise. After the last hint, show that one again."""
        hints = find_exercise(name).hints
        number = min(self._shown[name], len(hints) - 1) + 1
        self._shown[name] = number
        more = "" if number < len(hints) else f' The solution: lab.solution("{name}")'
        print(f"{name}, hint {number} of {len(hints)}: {hints[number - 1]}{more}")


def solution(name: str) -> None:
    """Show a solution of an exercise."""
    print(find_exercise(name).solution.strip())
