"""The lesson that a kernel runs, by the name of its notebook."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping

from lakelab.lessons.manifest import Lesson, NoSuchLessonError, find_lesson


def current_lesson(notebook_path: Callable[[], str]) -> Lesson | None:
    """Find the lesson of the running notebook by the notebook's name.

    Parameters
    ----------
    notebook_path : callable
        Returns the path of the notebook by means of the platform, or an empty string. It is called only
        if the environment does not contain the path.

    Returns
    -------
    Lesson or None
        None if the path is unknown, or if the notebook is no lesson.

    Examples
    --------
    >>> current_lesson(lambda: "/Users/ana@example.com/06_create_feature_table").number
    '06'
    """
    for path in _notebook_paths(notebook_path):
        match = re.match(r"(\d\d)_", path.replace("\\", "/").rpartition("/")[2])
        if match:
            try:
                return find_lesson(match[1])
            except NoSuchLessonError:
                return None
    return None


def _notebook_paths(notebook_path: Callable[[], str]) -> Iterator[str]:
    yield os.environ.get("LAKELAB_LESSON", "")  # `lakelab run`, and the tests
    yield os.environ.get("JPY_SESSION_NAME", "")  # Jupyter
    yield notebook_path()


def kernel_environment(
    lesson: Lesson, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of a kernel that runs a lesson.

    Parameters
    ----------
    lesson : Lesson
    environment : mapping of str to str, optional
        The variables to begin with; those of this process by default.

    Returns
    -------
    dict of str to str
        With ``LAKELAB_LESSON``, which :func:`current_lesson` reads.
    """
    return {**environment, "LAKELAB_LESSON": lesson.file, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
