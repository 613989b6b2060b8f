"""Features, compared with manual calculations on a few flights."""

from __future__ import annotations

import pandas as pd
import pytest

from lakelab import flights


def test_keys_of_the_feature_tables_are_unique_and_not_null(raw):
    for table, keys in [
        (flights.airport_weather(raw["weather"]), ["origin", "ts"]),
        (flights.airport_congestion(raw["flights"]), ["origin", "ts"]),
        (flights.planes(raw["planes"]), ["tailnum"]),
    ]:
        assert not table.duplicated(keys).any()
        assert table[keys].notna().all(axis=None)


def test_congestion_counts_a_flight_from_its_actual_departure():
    departures = pd.DataFrame(
        {
            "origin": ["JFK", "JFK", "JFK", "LGA"],
            "sched_dep_ts": pd.to_datetime(["2013-01-01 10:00"] * 4),
            "dep_delay": [-5.0, 70.0, None, 0.0],  # 09:55, 11:10, never, 10:00
        }
    )
    congestion = flights.airport_congestion(departures).set_index(["origin", "ts"])
    at = lambda hour: congestion.loc[("JFK", pd.Timestamp(f"2013-01-01 {hour}:00"))]  # noqa: E731
    assert at(10)["departures_3h"] == 1
    assert at(11)["departures_3h"] == 1  # the late one is still at its gate
    assert at(12)["departures_3h"] == 2
    assert at(12)["mean_delay_3h"] == pytest.approx(32.5)
    assert at(12)["late_share_3h"] == pytest.approx(0.5)
    assert len(congestion) == 4  # JFK 10, 11, 12 and LGA 10


def test_congestion_without_departures_has_no_means():
    departures = pd.DataFrame(
        {
            "origin": ["JFK", "JFK"],
            "sched_dep_ts": pd.to_datetime(["2013-01-01 10:00", "2013-01-01 20:00"]),
            "dep_delay": [0.0, 0.0],
        }
    )
    quiet = flights.airport_congestion(departures).set_index("ts").loc["2013-01-01 15:00"]
    assert quiet["departures_3h"] == 0
    assert pd.isna(quiet["mean_delay_3h"])
