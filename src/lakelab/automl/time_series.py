"""Read time series into the shape that statsforecast takes, on a regular grid of times.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lakelab.automl.errors import AutoMLError

SERIES, TIME, VALUE = "unique_id", "ds", "y"
"""How statsforecast names its columns."""


@dataclass(frozen=True)
class Frequency:
    """How far apart the points of a series are.

    Attributes
    ----------
    pandas : str
        As pandas spells it.
    season : int
        Points in the season that is looked for; 1 for none.
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


def frequency_of(told: str) -> Frequency:
    """Give the frequency that a word stands for.

    Parameters
    ----------
    told : str
        Such as ``D``, ``days``, ``W``, ``H``, ``month``.

    Returns
    -------
    Frequency

    Raises
    ------
    AutoMLError
        If it is no frequency.

    Examples
    --------
    >>> frequency_of("hours")
    Frequency(pandas='h', season=24)
    """
    for words, frequency in _FREQUENCIES.items():
        if told in words:
            return frequency
    known = ", ".join(words[0] for words in _FREQUENCIES)
    raise AutoMLError(f"frequency={told!r} is not known: it is one of {known}, or the word for it.")


def to_series(
    rows: pd.DataFrame,
    target_col: str,
    time_col: str,
    identity: Sequence[str],
    frequency: Frequency,
) -> tuple[pd.DataFrame, list[str]]:
    """Put series on a regular grid; missing times get the value before them.

    Parameters
    ----------
    rows : pandas.DataFrame
    target_col, time_col : str
    identity : sequence of str
        The columns that tell series apart; none for a single one.
    frequency : Frequency

    Returns
    -------
    pandas.DataFrame
        ``unique_id``, ``ds`` and ``y``, by series and time.
    list of str
        What was changed.

    Raises
    ------
    AutoMLError
        If a time or a value cannot be read, or the times do not keep to the frequency.

    Examples
    --------
    >>> rows = pd.DataFrame({"day": ["2013-01-01", "2013-01-02", "2013-01-04"], "flights": [842, 943, 720]})
    >>> series, changed = to_series(rows, "flights", "day", [], frequency_of("D"))
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
    read = pd.DataFrame({SERIES: names, TIME: times, VALUE: values.astype(float)}).dropna()
    changed = []
    if len(read) < len(rows):
        changed.append(f"{len(rows) - len(read):,} rows without a {target_col} are left out.")
    twice = int(read.duplicated([SERIES, TIME]).sum())
    if twice:
        changed.append(f"{twice:,} rows have the time of another: their values are averaged.")
    once = read.groupby([SERIES, TIME])[VALUE].mean().reset_index()
    filled, gaps = [], 0
    for name, one in once.groupby(SERIES):
        grid = _grid(one[TIME], frequency, time_col)
        on_grid = one.set_index(TIME)[VALUE].reindex(grid)
        gaps += int(on_grid.isna().sum())
        filled.append(pd.DataFrame({SERIES: name, TIME: grid, VALUE: on_grid.ffill().to_numpy()}))
    if gaps:
        changed.append(f"{gaps:,} missing times got the value before them.")
    return pd.concat(filled, ignore_index=True), changed


def _grid(times: pd.Series, frequency: Frequency, time_col: str) -> pd.DatetimeIndex:
    spelled = frequency.pandas
    first = times.min()
    if spelled == "W":  # weeks begin on the day that the first one does
        spelled = f"W-{first.day_name()[:3].upper()}"
    elif spelled in ("MS", "QS", "YS") and (times.dt.day > 1).all() and times.dt.is_month_end.all():
        spelled = {
            "MS": "ME",
            "QS": f"QE-{first.month_name()[:3].upper()}",
            "YS": f"YE-{first.month_name()[:3].upper()}",
        }[spelled]
    elif spelled in ("QS", "YS"):
        spelled = f"{spelled}-{first.month_name()[:3].upper()}"
    grid = pd.date_range(first, times.max(), freq=spelled)
    off = times[~times.isin(grid)]
    if len(off):
        raise AutoMLError(
            f"time_col={time_col!r} has {off.iloc[0]}, which is not on the grid of {frequency.pandas} from "
            f"{first}: round the times, or give another frequency."
        )
    return grid
