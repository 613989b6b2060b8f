"""The record of tables that are known to be correct."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakelab import flights
from lakelab.lessons.prepare.needs import raw_tables
from lakelab.lessons.prepare.prepared_tables import PreparedTables


def test_a_table_that_is_recorded_as_correct_is_not_compared(target, tmp_path, monkeypatch):
    def forbid(name):
        raise AssertionError(f"read {name} again")

    file = tmp_path / "prepared.json"
    recorded = replace(target, prepared_tables=PreparedTables(file))
    with monkeypatch.context() as patched:
        raw_tables(recorded)
        patched.setattr(flights, "read_raw", forbid)
        raw_tables(recorded)

    target.spark.sql("UPDATE raw_planes SET seats = 0")
    replaced = target.name("raw_airports")
    target.spark.sql(f"CREATE OR REPLACE TABLE {replaced} AS SELECT 1 AS x")
    target.spark.sql("DROP TABLE raw_weather")
    raw_tables(recorded)
    assert target.spark.sql("SELECT count(*) FROM raw_planes WHERE seats = 0").first()[0] == 0
    assert target.spark.table("raw_airports").columns == list(flights.read_raw("airports").columns)
    assert target.spark.table("raw_weather").count() == len(flights.read_raw("weather"))

    for damage in ("no json", "[]"):  # then all tables are compared again
        file.write_text(damage, encoding="utf-8")
        target.spark.sql("UPDATE raw_planes SET seats = 0")
        raw_tables(recorded)
        assert target.spark.sql("SELECT count(*) FROM raw_planes WHERE seats = 0").first()[0] == 0

    monkeypatch.setattr(
        "lakelab.lessons.prepare.prepared_tables._course_version", lambda: "another lakelab"
    )
    monkeypatch.setattr(flights, "read_raw", forbid)
    with pytest.raises(AssertionError, match="again"):
        raw_tables(recorded)
