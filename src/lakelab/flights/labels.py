"""The labels: one row for each flight that arrived."""

from __future__ import annotations

import pandas as pd

LATE_MINUTES = 15
HOURS_BEFORE = 2


def flight_labels(flights: pd.DataFrame) -> pd.DataFrame:
    """Label each flight that arrived more than 15 minutes late.

    Parameters
    ----------
    flights : pandas.DataFrame
        The raw table.

    Returns
    -------
    pandas.DataFrame
        `flight_id`; the schedule (`carrier`, `flight`, `tailnum`, `origin`, `dest`,
        `distance` in miles, `month`, `hour` and `day_of_week` of departure in New York,
        `sched_arr_time` as hhmm); `sched_dep_ts` (UTC); `prediction_ts`, two hours earlier;
        and `late` (0 or 1). Cancelled and diverted flights have no arrival and are left out.

    Examples
    --------
    >>> from lakelab.flights.source import read_raw
    >>> flight_labels(read_raw("flights").head(1)).iloc[0][["origin", "prediction_ts", "late"]]
    origin                           EWR
    prediction_ts    2013-01-01 08:15:00
    late                               0
    Name: 0, dtype: object
    """
    arrived = flights[flights["arr_delay"].notna()]
    local = pd.to_datetime({"year": 2013, "month": arrived["month"], "day": arrived["day"]})
    schedule = ["flight_id", "carrier", "flight", "tailnum", "origin", "dest", "distance"]
    labels = arrived[[*schedule, "month", "hour", "sched_arr_time", "sched_dep_ts"]].assign(
        day_of_week=local.dt.dayofweek.astype("int32"),
        prediction_ts=(arrived["sched_dep_ts"] - pd.Timedelta(hours=HOURS_BEFORE)).astype(
            "datetime64[us]"
        ),
        late=(arrived["arr_delay"] > LATE_MINUTES).astype("int32"),
    )
    return labels.reset_index(drop=True)


def in_months(labels: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return the flights of the months `first` to `last`, both included (1 is January)."""
    return labels[labels["month"].between(first, last)]
