"""The needs of lessons: created once, left alone if correct, mended if changed."""

from __future__ import annotations

import pytest

from lakelab import flights
from lakelab.lessons.prepare.needs import NEEDS, feature_tables, raw_tables
from tests.lessons.prepare.table_versions import versions


def test_raw_tables_are_made_once_and_mended_if_changed(target):
    tables = ["raw_flights", "raw_weather", "raw_planes", "raw_airports", "flight_labels"]
    raw_tables(target)
    first = versions(target, *tables)
    raw_tables(target)
    assert versions(target, *tables) == first

    target.spark.sql("UPDATE raw_weather SET temp = 0.0 WHERE origin = 'JFK'")
    target.spark.sql("DROP TABLE raw_planes")
    raw_tables(target)
    mended = flights.read_raw("weather")["temp"].sum()
    assert target.spark.sql("SELECT sum(temp) FROM raw_weather").collect()[0][0] == pytest.approx(
        mended
    )
    assert target.spark.table("raw_planes").count() == 3322
    assert versions(target, "raw_flights")["raw_flights"] == first["raw_flights"]


def test_feature_tables_return_to_the_state_that_lessons_06_and_07_leave(target):
    feature_tables(target)
    names = ("airport_weather", "airport_congestion", "planes")
    first = versions(target, *names)
    feature_tables(target)
    assert versions(target, *names) == first, "correct tables are not written"

    target.spark.sql("DELETE FROM airport_congestion WHERE origin = 'LGA'")
    target.spark.sql("ALTER TABLE planes DROP PRIMARY KEY")
    feature_tables(target)

    key = target.spark.unity.table(target.spark.resolve("planes")).primary_key
    assert key.columns == ("tailnum",)
    congestion = target.spark.table("airport_congestion")
    assert congestion.count() == len(flights.airport_congestion(flights.read_raw("flights")))
    assert versions(target, "airport_weather")["airport_weather"] == first["airport_weather"]


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
