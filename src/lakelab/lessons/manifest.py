"""The manifest of the lessons: ``lessons.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes
    ----------
    file : str
        Name of the notebook without ``.ipynb``.
    title : str
    objective : str
        The exam objective.
    minutes : int
        The time that a reader needs.
    needs : tuple of str
        The state that the lab prepares for the lesson, in order: keys of
        :data:`lakelab.lessons.prepare.NEEDS`.
    """

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
        """The package with the lesson's exercises, quiz and other files."""
        return HERE / f"lesson_{self.number}"


class NoSuchLessonError(ValueError):
    """The requested lesson does not exist."""


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return all lessons, in order."""
    entries = yaml.safe_load((HERE / "lessons.yaml").read_text(encoding="utf-8"))
    return tuple(Lesson(**{**entry, "needs": tuple(entry["needs"])}) for entry in entries)


def find_lesson(name: str | int) -> Lesson:
    """Find a lesson by its number or by the start of its file name.

    Parameters
    ----------
    name : str or int
        Such as ``6``, ``"06"``, ``"06_create"`` or ``"notebooks/06_create_feature_table.ipynb"``.

    Raises
    ------
    NoSuchLessonError
        If no lesson, or more than one, has this name.

    Examples
    --------
    >>> find_lesson(6).file
    '06_create_feature_table'
    >>> find_lesson("99")
    Traceback (most recent call last):
    ...
    lakelab.lessons.manifest.NoSuchLessonError: There is no lesson '99'. There are: 01, 02, 03, ...
    """
    prefix = str(name).removesuffix(".ipynb").rpartition("/")[2]
    if re.fullmatch(r"\d{1,2}", prefix):
        prefix = prefix.zfill(2) + "_"
    matches = [lesson for lesson in lessons() if prefix and lesson.file.startswith(prefix)]
    if len(matches) != 1:
        numbers = ", ".join(lesson.number for lesson in lessons())
        raise NoSuchLessonError(f"There is no lesson '{name}'. There are: {numbers}.")
    return matches[0]
