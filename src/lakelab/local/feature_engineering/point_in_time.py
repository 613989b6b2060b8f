"""The join behind every lookup: for each row, the features as they were at its time.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/time-series

The join runs in DuckDB on the narrowest rows possible: of the labels it sees the keys and a row
number, of the feature table the keys and the features asked for. What comes back is put beside the
labels by row number, so the labels themselves are never touched: none can be lost, doubled or
reordered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakelab.local.delta.files import parquet_source, plain_files
from lakelab.local.system import duckdb_pool
from lakelab.local.system.duckdb_pool import sql_name

if TYPE_CHECKING:
    from deltalake import DeltaTable


def look_up(
    labels: pa.Table,
    features: pa.Table | DeltaTable,
    *,
    keys: Mapping[str, str],
    outputs: Mapping[str, str],
    time: tuple[str, str] | None = None,
    window: timedelta | None = None,
) -> pa.Table:
    """Look up features for each row of ``labels``.

    Parameters
    ----------
    labels : pyarrow.Table
        The rows.
    features : pyarrow.Table or DeltaTable
        The feature table.
    keys : mapping of str to str
        Column of the labels -> key column of the feature table. Null matches nothing.
    outputs : mapping of str to str
        Name of the result's column -> feature.
    time : (str, str), optional
        Column of the labels with the time to look from, and the time series column. The newest row
        at or before that time counts, nulls in it included. Times count in microseconds, as Spark's
        and Delta's do; what is finer is cut off.
    window : timedelta, optional
        A row older than this gives null; the bound itself is inside.

    Returns
    -------
    pyarrow.Table
        One row for each row of ``labels``, in their order: the outputs, null where nothing was found.

    Examples
    --------
    >>> labels = pa.table({"airport": ["JFK", "JFK", "EWR"], "at": [10, 5, 10]})
    >>> weather = pa.table({"origin": ["JFK", "JFK"], "ts": [8, 10], "wind": [3.5, None]})
    >>> look_up(labels, weather, keys={"airport": "origin"}, time=("at", "ts"),
    ...         outputs={"wind_now": "wind", "seen_at": "ts"}).to_pylist()
    [{'wind_now': None, 'seen_at': 10}, {'wind_now': None, 'seen_at': None}, {'wind_now': None, 'seen_at': None}]
    """
    with duckdb_pool.connect() as connection:
        connection.register("labels", _numbered(labels, keys, time))
        columns = {f"k{i}": column for i, column in enumerate(keys.values())}
        if time:
            columns["t"] = time[1]
        columns |= {f"f{i}": feature for i, feature in enumerate(outputs.values())}
        types = _register(connection, features, columns)
        found = connection.sql(
            _query(len(keys), len(outputs), time is not None, window)
        ).to_arrow_table()
        if len(found) != len(labels):
            # Nothing enforces a primary key; SQL can insert a key twice. One row is as good as another.
            found = connection.sql(
                _query(len(keys), len(outputs), time is not None, window, once=True)
            ).to_arrow_table()
    return pa.table(
        {
            output: found.column(f"f{i}").cast(types[feature])
            for i, (output, feature) in enumerate(outputs.items())
        }
    )


def _numbered(labels: pa.Table, keys: Mapping[str, str], time: tuple[str, str] | None) -> pa.Table:
    columns = {f"k{i}": labels.column(column) for i, column in enumerate(keys)}
    if time:
        columns["t"] = _in_microseconds(labels.column(time[0]))
    return pa.table({"row": pa.array(np.arange(len(labels))), **columns})


def _in_microseconds(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Delta has microseconds, and DuckDB compares nothing finer with them.

    Rounded down: a cast rounds times before 1970 up, and would see what is known later.
    """
    if not pa.types.is_timestamp(times.type) or times.type.unit != "ns":
        return times
    instants = times.cast(pa.timestamp("ns"))  # without its zone: flooring would look that up
    floored = pc.floor_temporal(instants, unit="microsecond")
    return floored.cast(pa.timestamp("us")).cast(pa.timestamp("us", times.type.tz))


def _query(
    keys: int, outputs: int, as_of: bool, window: timedelta | None, *, once: bool = False
) -> str:
    same = " AND ".join(f"l.k{i} = f.k{i}" for i in range(keys))
    shown = ", ".join(f"f.f{i}" for i in range(outputs))
    first = "QUALIFY row_number() OVER (PARTITION BY l.row) = 1" if once else ""
    if not as_of:
        return f"SELECT {shown} FROM labels l LEFT JOIN features f ON {same} {first} ORDER BY l.row"
    # First which row counts, by keys and times alone, as an ASOF join sorts all that it is given; then
    # the features of the rows that were found.
    entity = ", ".join(f"l.k{i}" for i in range(keys))
    age = "epoch_us(l.t::TIMESTAMP) - epoch_us(f.t::TIMESTAMP)"
    young = "" if window is None else f"WHERE {age} <= {window // timedelta(microseconds=1)}"
    return f"""
        WITH newest AS MATERIALIZED (
            SELECT l.row, {entity}, f.t FROM labels l ASOF JOIN features f ON {same} AND l.t >= f.t {young}
        ), found AS (
            SELECT l.row, {shown} FROM newest l JOIN features f ON {same} AND l.t = f.t
        )
        SELECT {shown} FROM labels l LEFT JOIN found f ON l.row = f.row {first} ORDER BY l.row
    """


def _register(
    connection: duckdb.DuckDBPyConnection,
    features: pa.Table | DeltaTable,
    columns: Mapping[str, str],
) -> dict[str, pa.DataType]:
    """Create the view ``features`` with the renamed columns; return the types by their own names."""
    if isinstance(features, pa.Table):
        connection.register("table_", features)
        source, there, schema = "table_", set(features.column_names), features.schema
    else:
        schema = pa.schema(features.schema().to_arrow())
        source, there = _delta_source(connection, features, schema)
    types = {column: schema.field(column).type for column in columns.values()}
    shown = ", ".join(
        f"{sql_name(column) if column in there else 'NULL'} AS {alias}"
        for alias, column in columns.items()
    )
    connection.execute(f"CREATE TEMP VIEW features AS SELECT {shown} FROM {source}")
    return types


def _delta_source(
    connection: duckdb.DuckDBPyConnection, delta: DeltaTable, schema: pa.Schema
) -> tuple[str, set[str]]:
    """Choose how to read the table: its files where they are all of it, which is the fastest."""
    files = plain_files(delta)
    if not files:
        connection.register("table_", delta.to_pyarrow_dataset())
        return "table_", set(schema.names)
    return parquet_source(connection, files)
