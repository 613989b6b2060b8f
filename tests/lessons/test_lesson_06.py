"""Lesson 06: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

from typing import Any

import pytest

from lakelab.flights import read_raw
from lakelab.lab import Lab
from lakelab.lessons.lesson_06.exercises import EXERCISES
from lakelab.local.notebook.import_names import answer_official_names
from lakelab.study import exercises
from tests.fake_platform import FakePlatform


@pytest.fixture
def names(spark: Any, schema: str) -> dict[str, Any]:
    """Return the names that the notebook has defined before the exercises."""
    answer_official_names()
    from databricks.feature_engineering import FeatureEngineeringClient

    carriers = read_raw("flights").groupby("carrier", as_index=False)
    catalog, own = schema.split(".")
    return {
        "spark": spark,
        "lab": Lab(FakePlatform(spark, catalog, own)),
        "fe": FeatureEngineeringClient(),
        "CATALOG": catalog,
        "SCHEMA": own,
        "carriers": spark.createDataFrame(carriers.agg(mean_distance=("distance", "mean"))),
    }


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_unsolved_cell_is_refused(names, exercise, capsys):
    assert not exercises.check(names["lab"], exercise, ...)
    assert "nothing to check yet" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_solution_passes(names, exercise, capsys):
    exec(EXERCISES[exercise].solution, names)
    assert f"{exercise}: right." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"primary_keys": ["carrier", "mean_distance"]}, "what names a row is the carrier alone"),
        ({"description": None}, "no description"),
        ({"limit": 3}, "It has 3 rows, expected 16"),
        ({"name": "other"}, "There is no table"),
    ],
)
def test_a_wrong_carriers_table_gets_a_reason(names, capsys, change, message):
    arguments = {
        "name": "carriers",
        "primary_keys": "carrier",
        "df": names["carriers"].limit(change.pop("limit", 16)),
        "description": "Where each airline flies",
        **change,
    }
    table = names["fe"].create_table(**arguments)
    assert not exercises.check(names["lab"], "06.1", table)
    assert message in capsys.readouterr().out


def test_a_table_without_a_key_gets_a_reason(names, capsys):
    names["carriers"].write.saveAsTable("carriers")
    assert not exercises.check(names["lab"], "06.1", "carriers")
    assert "no primary key" in capsys.readouterr().out


COLUMNS = "origin STRING NOT NULL, runway STRING NOT NULL, ts TIMESTAMP NOT NULL, crosswind DOUBLE"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"CREATE TABLE runway_wind ({COLUMNS}, PRIMARY KEY (origin, runway, ts))", "TIMESERIES"),
        (
            f"CREATE TABLE runway_wind ({COLUMNS}, PRIMARY KEY (runway, ts TIMESERIES))",
            "Its key is",
        ),
        (f"CREATE TABLE runway_wind ({COLUMNS})", "no primary key"),
        (f"CREATE TABLE wind ({COLUMNS}, PRIMARY KEY (runway))", "there is no table"),
        ("CREATE TABLE runway_wind (origin STRING, PRIMARY KEY (origin))", "nullable"),
        ("CREATE TABEL", "ParseException"),
        (42, "should be a string"),
    ],
)
def test_a_wrong_statement_gets_a_reason(names, capsys, statement, message):
    assert not exercises.check(names["lab"], "06.2", statement)
    assert message in capsys.readouterr().out
    assert not names["spark"].catalog.tableExists("runway_wind"), "the check cleans up"
