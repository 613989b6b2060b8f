"""The flights of the study, and the columns that its models use.

Tested in ``tests/lessons/study_runs/test_study.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lakelab import flights

SCHEDULE = ["hour", "day_of_week", "distance", "sched_arr_time"]
WEATHER = [*SCHEDULE, "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
LEAK = [*WEATHER, "dep_delay"]
FEATURES = {
    "schedule": SCHEDULE,
    "schedule and weather": WEATHER,
    "schedule, weather and departure delay": LEAK,
}
"""Value of the parameter `features` -> columns."""


@dataclass(frozen=True)
class Rows:
    """The flights of the study, with their weather as known two hours before departure.

    Attributes
    ----------
    train : pandas.DataFrame
        A sample of the flights of January to June.
    validate : pandas.DataFrame
        A sample of the flights of July and August, by scheduled departure.
    """

    train: pd.DataFrame
    validate: pd.DataFrame


def read_rows() -> Rows:
    """Return samples of the flights, each with its weather as known at prediction time.

    Examples
    --------
    >>> rows = read_rows()
    >>> len(rows.train), len(rows.validate), sorted(set(rows.validate["month"]))
    (28000, 4000, [7, 8])
    """
    raw = flights.read_raw("flights")
    raw = raw[raw["arr_delay"].notna()]
    weather = flights.airport_weather(flights.read_raw("weather")).sort_values("ts")

    def sample(first: int, last: int, size: int) -> pd.DataFrame:
        sampled = flights.in_months(raw, first, last).sample(size, random_state=0)
        labels = flights.flight_labels(sampled).assign(dep_delay=sampled["dep_delay"].to_numpy())
        # merge_asof requires both sides in order of time; the id makes the order of equal times stable
        labels = labels.sort_values(["prediction_ts", "flight_id"])
        known = pd.merge_asof(labels, weather, left_on="prediction_ts", right_on="ts", by="origin")
        return known.astype(dict.fromkeys(LEAK, "float64"))

    return Rows(sample(1, 6, 28_000), sample(7, 8, 4_000))
