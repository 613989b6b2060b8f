"""The data of dev, staging and prod."""

from __future__ import annotations

from lakelab.lessons.prepare import LessonSchema
from lakelab.lessons.prepare.environment_data import environments
from tests.lessons.prepare.table_versions import versions


def test_each_environment_has_its_own_data_created_once_and_mended_if_changed(target):
    def state() -> dict[str, list[int]]:
        return {one.catalog: list(versions(one, *tables).values()) for one in all_three}

    def hours(one: LessonSchema) -> list:
        last = "SELECT count(*), max(ts) FROM"
        return [str(cell) for cell in spark.sql(f"{last} {one.name(tables[1])}").collect()[0]]

    spark, tables = target.spark, ("flight_labels", "airport_weather")
    all_three = [LessonSchema(spark, name, target.schema) for name in ("dev", "staging", "prod")]
    dev, staging, prod = all_three
    try:
        environments(target)
        first = state()
        flights_in = [spark.table(one.name("flight_labels")).count() for one in all_three]
        assert flights_in == [10371, 28041, 109122]
        assert hours(dev)[1] == "2013-08-31 23:00:00"
        assert hours(staging) == hours(prod) == ["26115", "2013-12-30 23:00:00"]
        environments(target)
        assert state() == first, "correct tables are not written"

        spark.sql(f"UPDATE {staging.name('flight_labels')} SET late = 1")
        spark.sql(f"ALTER TABLE {dev.name('airport_weather')} DROP PRIMARY KEY")
        environments(target)

        mended = spark.table(staging.name("flight_labels")).where("late = 0").count()
        assert 0 < mended < 28041
        key = spark.unity.table(spark.resolve(dev.name("airport_weather"))).primary_key
        assert (key.columns, key.timeseries_column) == (("origin", "ts"), "ts")
        assert state()["prod"] == first["prod"]
    finally:
        for one in all_three:
            spark.sql(f"DROP SCHEMA IF EXISTS {one.catalog}.{one.schema} CASCADE")
