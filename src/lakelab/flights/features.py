"""Features, computed from the raw tables: one function for each feature table."""

from __future__ import annotations

import pandas as pd

CONGESTION = ["departures_3h", "mean_delay_3h", "late_share_3h"]


def airport_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Compute the hourly weather at each airport.

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
    """Compute the departures of each airport in the three hours before `ts`, and their delays.

    A flight counts from the hour of its actual departure: each row has only values that were known at
    `ts`.

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
    departed = flights[flights["dep_delay"].notna()]
    delay = departed["dep_delay"].astype("float64")
    departure = departed["sched_dep_ts"] + pd.to_timedelta(delay, unit="min")
    hourly = (
        pd.DataFrame({"origin": departed["origin"], "ts": departure.dt.ceil("h"), "delay": delay})
        .assign(late=lambda row: row["delay"] > 15)
        .groupby(["origin", "ts"])
        .agg(departures=("delay", "size"), delay=("delay", "sum"), late=("late", "sum"))
    )
    tables = [_last_3_hours(str(origin), hours) for origin, hours in hourly.groupby("origin")]
    return pd.concat(tables, ignore_index=True)


def _last_3_hours(origin: str, hourly: pd.DataFrame) -> pd.DataFrame:
    every_hour = hourly.droplevel("origin").asfreq("h", fill_value=0)
    total = every_hour.rolling(3, min_periods=1).sum()
    departures = total["departures"].where(total["departures"] > 0)
    return pd.DataFrame(
        {
            "origin": origin,
            "ts": every_hour.index.astype("datetime64[us]"),
            "departures_3h": total["departures"].astype("int32").to_numpy(),
            "mean_delay_3h": (total["delay"] / departures).to_numpy(),
            "late_share_3h": (total["late"] / departures).to_numpy(),
        }
    )


def planes(planes: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each `tailnum`: year built, manufacturer, seats, engines."""
    return planes[["tailnum", "year_built", "manufacturer", "seats", "engines"]]
