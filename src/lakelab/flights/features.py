"""Features, computed from the raw tables: one function for each feature table."""

from __future__ import annotations

import pandas as pd

CONGESTION = ["departures_3h", "mean_delay_3h", "late_share_3h"]


def airport_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Hourly weather at each airport.

    Parameters
    ----------
    weather : pandas.DataFrame
        The raw table.

    Returns
    -------
    pandas.DataFrame
        One row for each `origin` and `ts` (UTC, on the hour): temperature and dew point (degrees
        Fahrenheit), humidity (percent), wind direction (degrees), speed and gust (miles per hour),
        precipitation (inches), pressure (millibars), visibility (miles).
    """
    numbers = weather.columns.difference(["origin", "ts"], sort=False)
    return weather.astype(dict.fromkeys(numbers, "float64")).sort_values(["origin", "ts"])


def airport_congestion(flights: pd.DataFrame) -> pd.DataFrame:
    """How departures went at each airport in the hours before `ts`.

    A flight counts from the hour at which it has really left: what the table says at `ts` was
    known at `ts`.

    Parameters
    ----------
    flights : pandas.DataFrame
        Raw flights with `origin`, `sched_dep_ts` (UTC) and `dep_delay` (minutes); cancelled flights,
        whose `dep_delay` is missing, are left out.

    Returns
    -------
    pandas.DataFrame
        One row for each `origin` and hour `ts` (UTC), from the first departure to the last:
        departures in the last 3 hours, their mean delay (minutes), and the share that left more
        than 15 minutes late (0 to 1). Delay and share are missing where nothing left.

    Examples
    --------
    >>> flights = pd.DataFrame({"origin": ["JFK", "JFK"],
    ...     "sched_dep_ts": pd.to_datetime(["2013-01-01 10:30", "2013-01-01 11:00"]),
    ...     "dep_delay": [10, 50]})
    >>> airport_congestion(flights)
      origin                  ts  departures_3h  mean_delay_3h  late_share_3h
    0    JFK 2013-01-01 11:00:00              1           10.0            0.0
    1    JFK 2013-01-01 12:00:00              2           30.0            0.5
    """
    left = flights[flights["dep_delay"].notna()]
    delay = left["dep_delay"].astype("float64")
    departed = left["sched_dep_ts"] + pd.to_timedelta(delay, unit="min")
    hourly = (
        pd.DataFrame({"origin": left["origin"], "ts": departed.dt.ceil("h"), "delay": delay})
        .assign(late=lambda row: row["delay"] > 15)
        .groupby(["origin", "ts"])
        .agg(departures=("delay", "size"), delay=("delay", "sum"), late=("late", "sum"))
    )
    tables = [_last_3_hours(str(origin), hours) for origin, hours in hourly.groupby("origin")]
    return pd.concat(tables, ignore_index=True)


def _last_3_hours(origin: str, hourly: pd.DataFrame) -> pd.DataFrame:
    every_hour = hourly.droplevel("origin").asfreq("h", fill_value=0)
    total = every_hour.rolling(3, min_periods=1).sum()
    some = total["departures"].where(total["departures"] > 0)
    return pd.DataFrame(
        {
            "origin": origin,
            "ts": every_hour.index.astype("datetime64[us]"),
            "departures_3h": total["departures"].astype("int32").to_numpy(),
            "mean_delay_3h": (total["delay"] / some).to_numpy(),
            "late_share_3h": (total["late"] / some).to_numpy(),
        }
    )


def planes(planes: pd.DataFrame) -> pd.DataFrame:
    """One row for each `tailnum`: year built, manufacturer, seats, engines."""
    return planes[["tailnum", "year_built", "manufacturer", "seats", "engines"]]
