"""The labels of the flights."""

from __future__ import annotations

import pandas as pd

from lakelab import flights
from lakelab.flights.labels import HOURS_BEFORE


def test_a_flight_is_late_from_16_minutes_and_cancelled_flights_have_no_label(raw):
    labels = flights.flight_labels(raw["flights"])
    arrivals = raw["flights"].set_index("flight_id")["arr_delay"]
    assert len(labels) == arrivals.notna().sum() == 327346
    minutes = labels["flight_id"].map(arrivals)
    assert labels.loc[minutes == 15, "late"].eq(0).all()
    assert labels.loc[minutes == 16, "late"].eq(1).all()
    ahead = labels["sched_dep_ts"] - labels["prediction_ts"]
    assert ahead.eq(pd.Timedelta(hours=HOURS_BEFORE)).all()
    assert labels["flight_id"].is_unique


def test_in_months_includes_both_months(raw):
    labels = flights.flight_labels(raw["flights"])
    assert set(flights.in_months(labels, 7, 8)["month"]) == {7, 8}
