"""The lessons: which there are, and what each needs before it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Lesson:
    """One lesson: its notebook, the exam objective, and what the lab prepares for it."""

    file: str
    title: str
    objective: str
    minutes: int
    needs: tuple[str, ...]

    @property
    def number(self) -> str:
        """Two digits: ``06``."""
        return self.file[:2]

    @property
    def folder(self) -> Path:
        """What belongs to the lesson beside its notebook."""
        return HERE / f"lesson_{self.number}"


class NoSuchLessonError(ValueError):
    """A lesson was asked for that does not exist."""


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons, in order."""
    told = yaml.safe_load((HERE / "lessons.yaml").read_text(encoding="utf-8"))
    return tuple(Lesson(**{**entry, "needs": tuple(entry["needs"])}) for entry in told)


def find_lesson(asked: str | int) -> Lesson:
    """Find a lesson by its number or by the start of its file name.

    Examples
    --------
    >>> find_lesson(6).file
    '06_create_feature_table'
    >>> find_lesson("99")
    Traceback (most recent call last):
    ...
    lakelab.lessons.manifest.NoSuchLessonError: There is no lesson '99'. There are: 01, 02, 03, ...
    """
    wanted = str(asked).removesuffix(".ipynb").rpartition("/")[2]
    if re.fullmatch(r"\d{1,2}", wanted):
        wanted = wanted.zfill(2) + "_"
    found = [lesson for lesson in lessons() if wanted and lesson.file.startswith(wanted)]
    if len(found) != 1:
        there = ", ".join(lesson.number for lesson in lessons())
        raise NoSuchLessonError(f"There is no lesson '{asked}'. There are: {there}.")
    return found[0]
