"""DuckDB, which joins beside the engine: one in memory for all joins of a process.

To start one takes longer than many a join.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that sees only what is registered with it; times are in UTC.

    Examples
    --------
    >>> import pyarrow as pa
    >>> with connect() as connection:
    ...     _ = connection.register("airports", pa.table({"faa": ["EWR", "JFK"]}))
    ...     connection.execute("SELECT count(*) FROM airports").fetchone()
    (2,)
    """
    with _database(os.getpid()).cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@lru_cache(maxsize=1)
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """Start it; a child process cannot go on with its parent's."""
    return duckdb.connect(
        config={
            # what does not fit into memory goes where temporary files are, not where the notebook is
            "temp_directory": str(Path(tempfile.gettempdir()) / f"lakelab-duckdb-{process}"),
            # files change between two joins, and memory is for others in the meantime
            "enable_external_file_cache": False,
        }
    )


def sql_name(name: str) -> str:
    """Quote a column name for DuckDB.

    Examples
    --------
    >>> sql_name("wind gust")
    '"wind gust"'
    """
    return '"' + name.replace('"', '""') + '"'
