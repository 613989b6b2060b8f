"""What the lab prepares: made once, left alone while it is right, mended when it is not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from lakelab import flights
from lakelab.lessons.prepare import needs as prepare
from lakelab.lessons.prepare.needs import (
    NEEDS,
    PREPARED,
    Place,
    champion,
    environments,
    feature_tables,
    raw_tables,
)
from lakelab.lessons.prepare.prepared_tables import Remembered
from lakelab.local.notebook.import_names import answer_official_names


@pytest.fixture
def place(spark, schema):
    answer_official_names()
    return Place(spark, *schema.split("."))


def versions(place: Place, *tables: str) -> dict[str, int]:
    names = [place.spark.resolve(place.name(table)) for table in tables]
    return {name.table: place.spark.unity.table(name).version for name in names}


def test_raw_tables_are_made_once_and_mended_when_changed(place):
    made = ["raw_flights", "raw_weather", "raw_planes", "raw_airports", "flight_labels"]
    raw_tables(place)
    first = versions(place, *made)
    raw_tables(place)
    assert versions(place, *made) == first

    place.spark.sql("UPDATE raw_weather SET temp = 0.0 WHERE origin = 'JFK'")
    place.spark.sql("DROP TABLE raw_planes")
    raw_tables(place)
    mended = flights.read_raw("weather")["temp"].sum()
    assert place.spark.sql("SELECT sum(temp) FROM raw_weather").collect()[0][0] == pytest.approx(
        mended
    )
    assert place.spark.table("raw_planes").count() == 3322
    assert versions(place, "raw_flights")["raw_flights"] == first["raw_flights"]


def test_feature_tables_return_to_the_state_that_lessons_06_and_07_leave(place):
    feature_tables(place)
    names = ("airport_weather", "airport_congestion", "planes")
    first = versions(place, *names)
    feature_tables(place)
    assert versions(place, *names) == first, "what is right is left alone"

    place.spark.sql("DELETE FROM airport_congestion WHERE origin = 'LGA'")
    place.spark.sql("ALTER TABLE planes DROP PRIMARY KEY")
    feature_tables(place)

    key = place.spark.unity.table(place.spark.resolve("planes")).primary_key
    assert key.columns == ("tailnum",)
    congestion = place.spark.table("airport_congestion")
    assert congestion.count() == len(flights.airport_congestion(flights.read_raw("flights")))
    assert versions(place, "airport_weather")["airport_weather"] == first["airport_weather"]


def test_what_is_remembered_to_be_right_is_not_looked_into(place, tmp_path, monkeypatch):
    def forbid(name):
        raise AssertionError(f"looked into {name} once more")

    file = tmp_path / "prepared.json"
    seen = replace(place, remembered=Remembered(file))
    with monkeypatch.context() as patched:
        raw_tables(seen)
        patched.setattr(prepare.flights, "read_raw", forbid)
        raw_tables(seen)

    place.spark.sql("UPDATE raw_planes SET seats = 0")
    made_anew = place.name("raw_airports")
    place.spark.sql(f"CREATE OR REPLACE TABLE {made_anew} AS SELECT 1 AS x")
    place.spark.sql("DROP TABLE raw_weather")
    raw_tables(seen)
    assert place.spark.sql("SELECT count(*) FROM raw_planes WHERE seats = 0").first()[0] == 0
    assert place.spark.table("raw_airports").columns == list(flights.read_raw("airports").columns)
    assert place.spark.table("raw_weather").count() == len(flights.read_raw("weather"))

    for damage in ("no json", "[]"):  # then all is looked at once more
        file.write_text(damage, encoding="utf-8")
        place.spark.sql("UPDATE raw_planes SET seats = 0")
        raw_tables(seen)
        assert place.spark.sql("SELECT count(*) FROM raw_planes WHERE seats = 0").first()[0] == 0

    monkeypatch.setattr(
        "lakelab.lessons.prepare.prepared_tables._course", lambda: "another lakelab"
    )
    monkeypatch.setattr(prepare.flights, "read_raw", forbid)
    with pytest.raises(AssertionError, match="once more"):
        raw_tables(seen)


def test_each_environment_has_data_of_its_own_made_once_and_mended_when_changed(place):
    def state() -> dict[str, list[int]]:
        return {there.catalog: list(versions(there, *tables).values()) for there in all_three}

    def hours(there: Place) -> list:
        last = "SELECT count(*), max(ts) FROM"
        return [str(cell) for cell in spark.sql(f"{last} {there.name(tables[1])}").collect()[0]]

    spark, tables = place.spark, ("flight_labels", "airport_weather")
    all_three = [Place(spark, name, place.schema) for name in ("dev", "staging", "prod")]
    dev, staging, prod = all_three
    try:
        environments(place)
        first = state()
        flights_in = [spark.table(there.name("flight_labels")).count() for there in all_three]
        assert flights_in == [10371, 28041, 109122]
        assert hours(dev)[1] == "2013-08-31 23:00:00"
        assert hours(staging) == hours(prod) == ["26115", "2013-12-30 23:00:00"]
        environments(place)
        assert state() == first, "what is right is left alone"

        spark.sql(f"UPDATE {staging.name('flight_labels')} SET late = 1")
        spark.sql(f"ALTER TABLE {dev.name('airport_weather')} DROP PRIMARY KEY")
        environments(place)

        mended = spark.table(staging.name("flight_labels")).where("late = 0").count()
        assert 0 < mended < 28041
        key = spark.unity.table(spark.resolve(dev.name("airport_weather"))).primary_key
        assert (key.columns, key.timeseries_column) == (("origin", "ts"), "ts")
        assert state()["prod"] == first["prod"]
    finally:
        for there in all_three:
            spark.sql(f"DROP SCHEMA IF EXISTS {there.catalog}.{there.schema} CASCADE")


class Registry:
    """MLflow's client, as far as `champion` asks it."""

    def __init__(self):
        self.tags: dict[str, dict[str, str]] = {}
        self.aliases: dict[str, str] = {}

    def search_model_versions(self, filter_string):
        return [SimpleNamespace(version=version) for version in self.tags]

    def get_model_version(self, name, version):
        return SimpleNamespace(tags=self.tags[version])

    def get_registered_model(self, name):
        return SimpleNamespace(aliases=dict(self.aliases))

    def set_registered_model_alias(self, name, alias, version):
        self.aliases[alias] = version

    def delete_registered_model_alias(self, name, alias):
        del self.aliases[alias]


def test_the_champion_is_made_anew_when_its_feature_table_was(place, monkeypatch):
    def register(place, name, made_from):
        version = str(len(registry.tags) + 1)
        registry.tags[version] = {PREPARED: made_from}
        return version

    def create():
        columns = (
            "origin STRING NOT NULL, ts TIMESTAMP NOT NULL, PRIMARY KEY (origin, ts TIMESERIES)"
        )
        place.spark.sql(f"CREATE TABLE {place.name('airport_weather')} ({columns})")

    registry = Registry()
    monkeypatch.setattr("mlflow.MlflowClient", lambda: registry)
    monkeypatch.setattr("mlflow.set_registry_uri", lambda uri: None)
    monkeypatch.setattr(prepare, "_register_champion", register)
    create()
    champion(place)
    registry.tags["2"] = {}  # a lesson's own version takes the alias, and gives another one
    registry.aliases = {"Champion": "2", "Challenger": "1"}
    champion(place)
    assert (list(registry.tags), registry.aliases) == (["1", "2"], {"Champion": "1"})

    place.spark.sql(f"DROP TABLE {place.name('airport_weather')}")
    create()
    champion(place)
    assert (list(registry.tags), registry.aliases) == (["1", "2", "3"], {"Champion": "3"})
    champion(place)
    assert list(registry.tags) == ["1", "2", "3"]


def test_the_needs_are_functions_of_the_module():
    assert list(NEEDS) == [
        "raw_tables",
        "feature_tables",
        "tracking",
        "ui",
        "study",
        "champion",
        "environments",
    ]
