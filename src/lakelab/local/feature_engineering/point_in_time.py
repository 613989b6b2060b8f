"""The point-in-time join of a lookup: for each row, the features as of the time of the row.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/time-series

The join runs in DuckDB on as few columns as possible: the keys and a row number of the labels, and the
keys and the requested features of the feature table. The result is sorted by row number and becomes
further columns of the labels. The labels themselves are not part of the join, so the join cannot lose,
duplicate or reorder them.
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
        Column of the labels -> key column of the feature table. A null key matches no row.
    outputs : mapping of str to str
        Name of the result's column -> feature.
    time : (str, str), optional
        The column of the labels with the time, and the time series column. The result is the newest
        row at or before that time, including its nulls. Times have microseconds, as in Spark and
        Delta; nanoseconds are cut off.
    window : timedelta, optional
        The maximum age of a row, inclusive; an older row gives null.

    Returns
    -------
    pyarrow.Table
        One row for each row of ``labels``, in the same order: the outputs, or null without a match.

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
            # A primary key is not enforced: SQL can insert a key twice. Then any one of the rows counts.
            found = connection.sql(
                _query(len(keys), len(outputs), time is not None, window, deduplicate=True)
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
    """Round nanoseconds down to microseconds, the unit in which Delta stores and DuckDB compares times.

    A cast would round times before 1970 up, so that the join would find later rows.
    """
    if not pa.types.is_timestamp(times.type) or times.type.unit != "ns":
        return times
    instants = times.cast(pa.timestamp("ns"))  # without a zone, which flooring would resolve
    floored = pc.floor_temporal(instants, unit="microsecond")
    return floored.cast(pa.timestamp("us")).cast(pa.timestamp("us", times.type.tz))


def _query(
    keys: int, outputs: int, as_of: bool, window: timedelta | None, *, deduplicate: bool = False
) -> str:
    same = " AND ".join(f"l.k{i} = f.k{i}" for i in range(keys))
    shown = ", ".join(f"f.f{i}" for i in range(outputs))
    first = "QUALIFY row_number() OVER (PARTITION BY l.row) = 1" if deduplicate else ""
    if not as_of:
        return f"SELECT {shown} FROM labels l LEFT JOIN features f ON {same} {first} ORDER BY l.row"
    # An ASOF join sorts all columns of its input. So the first step finds the newest rows by keys and
    # times only, and the second step reads the features of these rows.
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
    """Create the view ``features`` with the renamed columns; return the types by the original names."""
    if isinstance(features, pa.Table):
        connection.register("table_", features)
        source, stored, schema = "table_", set(features.column_names), features.schema
    else:
        schema = pa.schema(features.schema().to_arrow())
        source, stored = _delta_source(connection, features, schema)
    types = {column: schema.field(column).type for column in columns.values()}
    shown = ", ".join(
        f"{sql_name(column) if column in stored else 'NULL'} AS {alias}"
        for alias, column in columns.items()
    )
    connection.execute(f"CREATE TEMP VIEW features AS SELECT {shown} FROM {source}")
    return types


def _delta_source(
    connection: duckdb.DuckDBPyConnection, delta: DeltaTable, schema: pa.Schema
) -> tuple[str, set[str]]:
    """Return the source of the table: its plain files, which is fastest, or else a dataset."""
    files = plain_files(delta)
    if not files:
        connection.register("table_", delta.to_pyarrow_dataset())
        return "table_", set(schema.names)
    return parquet_source(connection, files)
