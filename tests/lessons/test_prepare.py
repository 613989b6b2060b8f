"""What the lab prepares: made once, left alone while it is right, mended when it is not."""

from __future__ import annotations

import pytest

from lakelab import flights
from lakelab.lessons.prepare import NEEDS, Place, feature_tables, raw_tables
from lakelab.local.official_names import answer_official_names


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


def test_the_needs_are_functions_of_the_module():
    assert list(NEEDS) == ["raw_tables", "feature_tables", "tracking", "champion"]
