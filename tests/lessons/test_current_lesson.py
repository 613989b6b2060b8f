"""The lesson of a kernel is found by the name of its notebook."""

from __future__ import annotations

import pytest

from lakelab.lessons import find_lesson
from lakelab.lessons.current_lesson import current_lesson, kernel_environment


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in ("LAKELAB_LESSON", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "number"),
    [
        ("LAKELAB_LESSON", "08_train_with_feature_table", "08"),
        ("JPY_SESSION_NAME", "/home/me/notebooks/09_score_with_feature_table.ipynb", "09"),
        ("JPY_SESSION_NAME", "/home/me/notebooks/my own.ipynb", None),
        ("JPY_SESSION_NAME", "77_not_yet.ipynb", None),
    ],
)
def test_the_environment_contains_the_notebooks_name(monkeypatch, variable, value, number):
    monkeypatch.setenv(variable, value)
    lesson = current_lesson(lambda: "")
    assert (lesson and lesson.number) == number


def test_the_platform_reports_the_path_if_the_environment_does_not(monkeypatch):
    path = "/Users/ana@example.com/lakelab/notebooks/06_create_feature_table"
    assert current_lesson(lambda: path).number == "06"
    monkeypatch.setenv("LAKELAB_LESSON", "08_train_with_feature_table")
    assert current_lesson(lambda: 1 / 0).number == "08", "then the platform is not called"


def test_a_kernel_finds_the_lesson_that_its_environment_was_made_for(monkeypatch):
    lesson = find_lesson("12")
    environment = kernel_environment(lesson, {"PATH": "/bin"})
    assert environment["PATH"] == "/bin"
    monkeypatch.setenv("LAKELAB_LESSON", environment["LAKELAB_LESSON"])
    assert current_lesson(lambda: "") == lesson
