"""The object `lab` of a lesson."""

from __future__ import annotations

import pytest

from lakelab.environments import ENVIRONMENTS
from lakelab.lab import Lab
from lakelab.lessons import find_lesson
from lakelab.runtime import LabError
from tests.fake_platform import FakePlatform


def test_the_line_of_the_start_names_platform_lesson_and_schema():
    platform = FakePlatform(None, "main", "course")
    assert repr(Lab(platform)) == (
        "lakelab on test, no lesson · tables and models in main.course · test"
    )
    assert repr(Lab(platform, find_lesson(6))).startswith("lakelab on test, lesson 06 · ")


@pytest.mark.parametrize("name", ["c", "", None])
def test_there_is_no_other_workspace(name):
    lab = Lab(FakePlatform(None))
    with pytest.raises(LabError, match='there are "a" and "b"'):
        lab.workspace(name)


def test_each_environment_is_created_at_the_first_call(spark, schema):
    name = schema.partition(".")[2]
    lab = Lab(FakePlatform(spark, "main", name))
    try:
        environments = lab.environments()
        assert list(environments.items()) == [
            ("dev", f"dev.{name}"),
            ("staging", f"staging.{name}"),
            ("prod", f"prod.{name}"),
        ]
        for catalog in environments:
            assert name in spark.unity.schemas(catalog)
        assert lab.environments() == environments, "a second call finds them"
        assert spark.catalog.currentCatalog() == "main", "the current catalog stays"
    finally:
        for catalog in ENVIRONMENTS:
            spark.sql(f"DROP SCHEMA IF EXISTS {catalog}.{name} CASCADE")


def test_hints_continue_in_the_same_lab(capsys):
    lab = Lab(FakePlatform(None))
    lab.hint("06.1")
    lab.hint("06.1")
    Lab(FakePlatform(None)).hint("06.1")
    assert [line.partition(" of ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "06.1, hint 1",
        "06.1, hint 2",
        "06.1, hint 1",
    ]


def test_an_error_of_the_cleanup_is_an_error_of_the_lab(monkeypatch, spark):
    from lakelab.cleanup import run
    from lakelab.cleanup.inventory import CourseObject, Inventory

    monkeypatch.setattr(
        run, "find", lambda scope: Inventory([CourseObject("table", "a.b.c", lambda: 1 / 0)])
    )
    lab = Lab(FakePlatform(spark))
    lab.cleanup()
    with pytest.raises(LabError, match=r"not removed: table a.b.c \(ZeroDivisionError"):
        lab.cleanup(confirm=True)
