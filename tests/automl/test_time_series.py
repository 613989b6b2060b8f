"""Conversion of rows to regular series."""

from __future__ import annotations

import pandas as pd

from lakelab.automl.time_series import parse_frequency, to_regular_series

WEEKLY = pd.DataFrame(
    {
        "day": pd.date_range("2013-01-01", periods=140, freq="D"),
        "flights": [900.0 + 2 * day + 40 * (day % 7) for day in range(140)],
    }
)


def test_gaps_get_the_value_before_them_and_doubles_their_mean():
    rows = WEEKLY.drop(index=[50, 51])
    series, changed = to_regular_series(rows, "flights", "day", [], parse_frequency("D"))
    assert len(series) == 140
    assert series["y"].iloc[[50, 51]].to_list() == [WEEKLY["flights"].iloc[49]] * 2
    assert changed == ["2 missing times got the value before them."]
    doubled = pd.concat([WEEKLY, WEEKLY.head(1).assign(flights=0.0)])
    series, changed = to_regular_series(doubled, "flights", "day", [], parse_frequency("D"))
    assert series["y"].iloc[0] == WEEKLY["flights"].iloc[0] / 2
    assert "averaged" in changed[0]


def test_series_are_ordered_and_named_by_their_identity():
    rows = pd.concat([WEEKLY.assign(origin="LGA"), WEEKLY.assign(origin="JFK")])
    series, changed = to_regular_series(rows, "flights", "day", ["origin"], parse_frequency("D"))
    assert series["unique_id"].unique().tolist() == ["JFK", "LGA"]
    assert series.groupby("unique_id")["ds"].is_monotonic_increasing.all()
    assert changed == []


def test_month_ends_stay_month_ends():
    rows = pd.DataFrame({"day": ["2013-01-31", "2013-02-28", "2013-03-31"], "flights": [1, 2, 3]})
    series, _ = to_regular_series(rows, "flights", "day", [], parse_frequency("month"))
    assert series["ds"].dt.strftime("%m-%d").to_list() == ["01-31", "02-28", "03-31"]
