"""Convert time series to the format of statsforecast, on a regular grid of times.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lakelab.automl.errors import AutoMLError

SERIES, TIME, VALUE = "unique_id", "ds", "y"
"""The column names of statsforecast."""


@dataclass(frozen=True)
class Frequency:
    """The interval between the points of a series.

    Attributes
    ----------
    pandas : str
        The frequency string of pandas.
    season : int
        The number of points in a season; 1 for none.
    """

    pandas: str
    season: int


_FREQUENCIES = {
    ("W", "weeks", "week"): Frequency("W", 52),
    ("D", "d", "days", "day"): Frequency("D", 7),
    ("H", "h", "hours", "hour", "hr"): Frequency("h", 24),
    ("T", "m", "min", "minutes", "minute"): Frequency("min", 60),
    ("S", "s", "sec", "seconds", "second"): Frequency("s", 60),
    ("M", "MS", "months", "month"): Frequency("MS", 12),
    ("Q", "QS", "quarters", "quarter"): Frequency("QS", 4),
    ("Y", "YS", "years", "year"): Frequency("YS", 1),
}


def parse_frequency(frequency: str) -> Frequency:
    """Parse a frequency.

    Parameters
    ----------
    frequency : str
        For example ``D``, ``days``, ``W``, ``H``, ``month``.

    Returns
    -------
    Frequency

    Raises
    ------
    AutoMLError
        If the frequency is not known.

    Examples
    --------
    >>> parse_frequency("hours")
    Frequency(pandas='h', season=24)
    """
    for words, parsed in _FREQUENCIES.items():
        if frequency in words:
            return parsed
    known = ", ".join(words[0] for words in _FREQUENCIES)
    raise AutoMLError(
        f"frequency={frequency!r} is not known: it is one of {known}, or the word for it."
    )


def to_regular_series(
    rows: pd.DataFrame,
    target_col: str,
    time_col: str,
    identity: Sequence[str],
    frequency: Frequency,
) -> tuple[pd.DataFrame, list[str]]:
    """Convert series to a regular grid; a missing time gets the value before it.

    Parameters
    ----------
    rows : pandas.DataFrame
    target_col, time_col : str
    identity : sequence of str
        The columns that identify a series; empty for a single series.
    frequency : Frequency

    Returns
    -------
    pandas.DataFrame
        ``unique_id``, ``ds`` and ``y``, by series and time.
    list of str
        Notes about the changes.

    Raises
    ------
    AutoMLError
        If a time or a value cannot be read, or the times do not follow the frequency.

    Examples
    --------
    >>> rows = pd.DataFrame({"day": ["2013-01-01", "2013-01-02", "2013-01-04"], "flights": [842, 943, 720]})
    >>> series, changed = to_regular_series(rows, "flights", "day", [], parse_frequency("D"))
    >>> series["y"].to_list(), changed
    ([842.0, 943.0, 943.0, 720.0], ['1 missing times got the value before them.'])
    """
    times = pd.to_datetime(rows[time_col], errors="coerce")
    if times.isna().any():
        bad = rows.loc[times.isna(), time_col].iloc[0]
        raise AutoMLError(
            f"time_col={time_col!r} has {bad!r}, which is no time: mend it or leave it out."
        )
    values = pd.to_numeric(rows[target_col], errors="coerce")
    if (values.isna() & rows[target_col].notna()).any():
        raise AutoMLError(f"target_col={target_col!r} is no number: a forecast needs one.")
    names = pd.Series("series", index=rows.index)
    if identity:
        names = pd.Series(
            [
                "-".join(map(str, keys))
                for keys in zip(*(rows[name] for name in identity), strict=True)
            ],
            index=rows.index,
        )
    points = pd.DataFrame({SERIES: names, TIME: times, VALUE: values.astype(float)}).dropna()
    changed = []
    if len(points) < len(rows):
        changed.append(f"{len(rows) - len(points):,} rows without a {target_col} are left out.")
    duplicates = int(points.duplicated([SERIES, TIME]).sum())
    if duplicates:
        changed.append(f"{duplicates:,} rows have the time of another: their values are averaged.")
    unique = points.groupby([SERIES, TIME])[VALUE].mean().reset_index()
    filled, gaps = [], 0
    for name, rows_of_series in unique.groupby(SERIES):
        grid = _grid(rows_of_series[TIME], frequency, time_col)
        on_grid = rows_of_series.set_index(TIME)[VALUE].reindex(grid)
        gaps += int(on_grid.isna().sum())
        filled.append(pd.DataFrame({SERIES: name, TIME: grid, VALUE: on_grid.ffill().to_numpy()}))
    if gaps:
        changed.append(f"{gaps:,} missing times got the value before them.")
    return pd.concat(filled, ignore_index=True), changed


def _grid(times: pd.Series, frequency: Frequency, time_col: str) -> pd.DatetimeIndex:
    pandas_frequency = frequency.pandas
    first = times.min()
    if pandas_frequency == "W":  # weeks start on the weekday of the first time
        pandas_frequency = f"W-{first.day_name()[:3].upper()}"
    elif (
        pandas_frequency in ("MS", "QS", "YS")
        and (times.dt.day > 1).all()
        and times.dt.is_month_end.all()
    ):
        pandas_frequency = {
            "MS": "ME",
            "QS": f"QE-{first.month_name()[:3].upper()}",
            "YS": f"YE-{first.month_name()[:3].upper()}",
        }[pandas_frequency]
    elif pandas_frequency in ("QS", "YS"):
        pandas_frequency = f"{pandas_frequency}-{first.month_name()[:3].upper()}"
    grid = pd.date_range(first, times.max(), freq=pandas_frequency)
    off_grid = times[~times.isin(grid)]
    if len(off_grid):
        raise AutoMLError(
            f"time_col={time_col!r} has {off_grid.iloc[0]}, which is not on the grid of {frequency.pandas} from "
            f"{first}: round the times, or give another frequency."
        )
    return grid
