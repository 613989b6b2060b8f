"""One in-memory DuckDB for all joins of a process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb


class DuckDBPool:
    """A DuckDB in memory for each process, started at the first connection.

    Starting a DuckDB takes longer than many a join, so all joins of a process share one. A child process
    cannot use the DuckDB of its parent, and starts its own.
    """

    def __init__(self) -> None:
        self._databases: dict[int, duckdb.DuckDBPyConnection] = {}

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Return a connection that sees only its own tables; times are in UTC."""
        with self._database().cursor() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection

    def _database(self) -> duckdb.DuckDBPyConnection:
        process = os.getpid()
        if process not in self._databases:
            # two threads may start one at the same time: the second one is dropped
            self._databases.setdefault(process, _start(process))
        return self._databases[process]


def _start(process: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            # data that exceeds the memory goes to the folder for temporary files, not to the notebook's
            "temp_directory": str(Path(tempfile.gettempdir()) / f"lakelab-duckdb-{process}"),
            # files change between two joins, and others need the memory in the meantime
            "enable_external_file_cache": False,
        }
    )


_POOL = DuckDBPool()
"""The only pool: it is shared by the joins of feature engineering, merges and the online store."""


def connect() -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """Return a connection of the process' pool.

    Examples
    --------
    >>> import pyarrow as pa
    >>> with connect() as connection:
    ...     _ = connection.register("airports", pa.table({"faa": ["EWR", "JFK"]}))
    ...     connection.execute("SELECT count(*) FROM airports").fetchone()
    (2,)
    """
    return _POOL.connect()


def sql_name(name: str) -> str:
    """Quote a column name for DuckDB.

    Examples
    --------
    >>> sql_name("wind gust")
    '"wind gust"'
    """
    return '"' + name.replace('"', '""') + '"'
