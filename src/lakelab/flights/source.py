"""The raw tables: all flights from New York City in 2013, with weather, planes and airports.

Source: nycflights13 (CC0), https://github.com/tidyverse/nycflights13
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent / "data"
RAW_TABLES = ("flights", "weather", "planes", "airports")


def read_raw(name: str) -> pd.DataFrame:
    """Read one raw table.

    Parameters
    ----------
    name : {"flights", "weather", "planes", "airports"}

    Returns
    -------
    pandas.DataFrame
        Timestamps are in UTC, without zone. Whole numbers are int32, or float64 where some are
        missing (a cancelled flight has no delay).

    Raises
    ------
    ValueError
        If the table does not exist.

    Examples
    --------
    >>> read_raw("flights").shape
    (336776, 19)
    >>> read_raw("trains")
    Traceback (most recent call last):
    ...
    ValueError: There is no raw table 'trains'. There are: flights, weather, planes, airports.
    """
    if name not in RAW_TABLES:
        raise ValueError(f"There is no raw table '{name}'. There are: {', '.join(RAW_TABLES)}.")
    table = pd.read_parquet(DATA / f"{name}.parquet")
    for column, kind in table.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            table[column] = table[column].dt.tz_localize(None)
        elif pd.api.types.is_integer_dtype(kind):
            table[column] = table[column].astype("int32")  # small on disk, INT in Spark
    return table
