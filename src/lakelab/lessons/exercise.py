"""The format of an exercise, and the part of the lab that its check may use.

The exercises of lesson 06 are ``EXERCISES`` in ``lakelab/lessons/lesson_06/exercises.py``.

Tested in ``tests/study/test_exercises.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class CheckContext(Protocol):
    """The part of ``lab`` that checks use: the session, and the schema of the course.

    Attributes
    ----------
    spark : SparkSession
        The notebook's session.
    catalog, schema : str
        The course keeps its tables and models there.
    """

    @property
    def spark(self) -> SparkSession: ...

    @property
    def catalog(self) -> str: ...

    @property
    def schema(self) -> str: ...


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Parameters
    ----------
    check : callable
        Takes a `CheckContext` and the learner's answer. Returns one sentence for each mistake, and an
        empty list for a right answer. It never raises: an answer of the wrong type is a mistake, too.
    hints : tuple of str
        The first hint is a nudge; the last one is nearly the solution.
    solution : str
        Code for the exercise's cell that passes the check.
    praise : str
        One sentence that says what the learner has shown.
    """

    check: Callable[..., list[str]]
    hints: tuple[str, ...]
    solution: str
    praise: str
