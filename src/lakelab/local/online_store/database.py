"""The database of the online store: SQLite in the home, or a PostgreSQL by URL.

In both databases a publish is one transaction. Until the commit, readers see the earlier rows, and never
wait. If the process ends before the commit, the earlier rows stay.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from lakelab.local.catalog.errors import UnityCatalogError

VARIABLE = "LAKELAB_ONLINE_STORE"
_LOCK = 0x1A4E1AB  # an arbitrary number, the same in all processes
_BUSY_SECONDS = 120
_UNLIMITED = -1
"""No limit of connections: each thread that looks up keeps one, and a further thread must not wait."""

_tables = MetaData()
stores = Table(
    "lakelab_online_stores",
    _tables,
    Column("name", String(255), primary_key=True),
    Column("capacity", String(255), nullable=False),
    Column("read_replica_count", Integer, nullable=False),
    Column("usage_policy_id", String(255)),
    Column("creator", String(255)),
    Column("creation_time", String(32), nullable=False),
)
published_tables = Table(
    "lakelab_online_tables",
    _tables,
    Column("name", String(255), primary_key=True),
    Column("store", String(255), ForeignKey(stores.c.name), nullable=False),
    Column("source", String(800), nullable=False),
    Column("source_id", String(64), nullable=False),
    Column("source_version", BigInteger, nullable=False),
    Column("publish_mode", String(16), nullable=False),
    Column("pipeline_id", String(64), nullable=False, unique=True),
    Column("physical", String(63), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("keys", JSON, nullable=False),
    Column("timeseries_column", String(255)),
    Column("creator", String(255)),
    Column("last_update", JSON, nullable=False),
)


Batches = Iterable[list[tuple[Any, ...]]]
"""Batches of some thousand rows, with the values that the database driver accepts."""


class OnlineStoreError(UnityCatalogError):
    """The online store cannot be used, or rejects a call; the message contains the remedy."""


class Database:
    """A database with transactions, and fast writes of many rows.

    Parameters
    ----------
    folder : Path
        The folder of the SQLite file, if there is no URL.
    url : str, optional
        ``postgresql://user:password@host:port/database``; by default the value of the environment
        variable ``LAKELAB_ONLINE_STORE``.

    Raises
    ------
    OnlineStoreError
        If the URL is invalid or of another database, or the driver is missing.
    """

    def __init__(self, folder: Path, url: str | None = None):
        url = os.environ.get(VARIABLE, "").strip() if url is None else url
        self.reading: Engine
        self.writing: Engine
        if url:
            self.writing, self.reading = _postgresql(url)
            self.dialect = "postgresql"
        else:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / "online.db"
            with FileLock(f"{file}.lock"):  # two processes must not switch to WAL at the same time
                self.writing, self.reading = _sqlite(file)
            self.dialect = "sqlite"
        driver: Any = self.reading.dialect.loaded_dbapi
        self.Error: type[Exception] = driver.Error
        self.DataError: type[Exception] = driver.DataError
        self._initialized = False
        self._thread = threading.local()

    @property
    def location(self) -> str:
        """The URL of the database for messages, without the password."""
        return self.reading.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Close all connections; a later read or write opens new ones."""
        self._thread = threading.local()  # drops the connections of all threads
        for engine in (self.writing, self.reading):
            engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction, one at a time across processes; an error rolls it back."""
        with self._connect(self.writing) as connection, connection.begin():
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if not self._initialized:
                _tables.create_all(connection)
            yield connection
        self._initialized = True

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a connection for reading, which never waits for a writer."""
        if not self._initialized:
            with self._connect(self.reading) as connection:
                self._initialized = inspect(connection).has_table(published_tables.name)
        if not self._initialized:
            with self.transaction():
                pass
        with self._connect(self.reading) as connection:
            yield connection

    def fetch(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return the first row of a query; this is much faster than :meth:`snapshot`.

        The method calls the driver, on a connection that this thread keeps. A connection of the pool
        and a query by SQLAlchemy take longer than the lookup of the row.

        Raises
        ------
        Error
            If the driver raises its error.
        """
        row: tuple[Any, ...] | None = self.driver_connection.execute(statement, values).fetchone()
        return row

    @property
    def driver_connection(self) -> Any:
        """The driver's connection that this thread keeps; it is opened at the first access."""
        try:
            return self._thread.driver
        except AttributeError:
            self._thread.connection = self._connect(self.reading)
            driver = self._thread.driver = self._thread.connection.connection.driver_connection
            return driver

    def discard_connection(self) -> None:
        """Close the connection that this thread keeps, because it may be broken."""
        state = self._thread.__dict__
        if "connection" in state:
            state.pop("driver")
            connection = state.pop("connection")
            connection.invalidate()
            connection.close()

    def _connect(self, engine: Engine) -> Connection:
        try:
            return engine.connect()
        except DBAPIError as error:
            raise OnlineStoreError(
                f"The online store at {self.location} cannot be reached: {error.orig}"
            ) from error

    def insert(self, connection: Connection, table: Table, batches: Batches) -> int:
        """Insert rows; return their number."""
        return self.write(connection, table, batches, [])

    def upsert(self, connection: Connection, table: Table, batches: Batches) -> int:
        """Insert rows, or replace the rows with the same key; return their number."""
        return self.write(connection, table, batches, [key.name for key in table.primary_key])

    def write(self, connection: Connection, table: Table, batches: Batches, keys: list[str]) -> int:
        """Insert rows, or replace the rows with the same ``keys``, if any; return their number."""
        names = [column.name for column in table.columns]
        clause = _on_conflict(keys, names)
        if self.dialect == "postgresql":
            if not keys:
                return _copy(connection, table.name, names, batches)
            columns = ", ".join(map(quoted, names))
            with _scratch_table(connection, table.name, columns) as scratch:
                written = _copy(connection, scratch, names, batches)
                _run(
                    connection,
                    f"INSERT INTO {quoted(table.name)} ({columns}) SELECT {columns} FROM {quoted(scratch)}{clause}",
                )
            return written
        marks = ", ".join("?" * len(names))
        columns = ", ".join(map(quoted, names))
        insert = f"INSERT INTO {quoted(table.name)} ({columns}) VALUES ({marks}){clause}"
        return _execute_batches(connection, insert, batches)

    def delete(self, connection: Connection, table: Table, keys: Batches) -> int:
        """Delete the rows with these keys; return the number of keys."""
        names = [key.name for key in table.primary_key]
        if self.dialect == "postgresql":
            columns = ", ".join(map(quoted, names))
            with _scratch_table(connection, table.name, columns) as scratch:
                deleted = _copy(connection, scratch, names, keys)
                same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in names)
                _run(
                    connection,
                    f"DELETE FROM {quoted(table.name)} t USING {quoted(scratch)} s WHERE {same}",
                )
            return deleted
        same = " AND ".join(f"{quoted(name)} = ?" for name in names)
        return _execute_batches(connection, f"DELETE FROM {quoted(table.name)} WHERE {same}", keys)


def quoted(name: str) -> str:
    """Quote an identifier for SQL.

    Examples
    --------
    >>> quoted("departure")
    '"departure"'
    """
    return '"' + name.replace('"', '""') + '"'


def _on_conflict(keys: list[str], names: list[str]) -> str:
    if not keys:
        return ""
    values = ", ".join(f"{quoted(n)} = excluded.{quoted(n)}" for n in names if n not in keys)
    action = f"UPDATE SET {values}" if values else "NOTHING"
    return f" ON CONFLICT ({', '.join(map(quoted, keys))}) DO {action}"


def _execute_batches(connection: Connection, statement: str, batches: Batches) -> int:
    written = 0
    for rows in batches:
        if rows:
            connection.exec_driver_sql(statement, rows)
        written += len(rows)
    return written


# ---- SQLite -----------------------------------------------------------------------------------------
def _sqlite(file: Path) -> tuple[Engine, Engine]:
    url = URL.create("sqlite", database=str(file))
    options: dict[str, Any] = {
        "connect_args": {"timeout": _BUSY_SECONDS, "check_same_thread": False},
        "max_overflow": _UNLIMITED,
    }
    writing = create_engine(url, **options)
    reading = create_engine(url, isolation_level="AUTOCOMMIT", **options)
    for engine in (writing, reading):
        event.listen(engine, "connect", _prepare_connection)
    # The driver would begin the transaction at the first change, when SQLite may refuse the lock.
    event.listen(writing, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    with writing.connect():
        pass
    return writing, reading


def _prepare_connection(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for a writer
    connection.execute("PRAGMA synchronous = NORMAL")


# ---- PostgreSQL -------------------------------------------------------------------------------------
def _postgresql(database_url: str) -> tuple[Engine, Engine]:
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise OnlineStoreError(
            f"{VARIABLE} is not the URL of a database. Expected: "
            "postgresql://user:password@host:port/database."
        ) from error
    if url.get_backend_name() != "postgresql":
        raise OnlineStoreError(
            f"{VARIABLE} names a database of the kind '{url.get_backend_name()}'. The online store "
            "works on PostgreSQL, or, without the variable, on SQLite in the lab's home."
        )
    try:
        writing = create_engine(
            url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, max_overflow=_UNLIMITED
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise OnlineStoreError(
            "The online store on PostgreSQL needs the driver psycopg: pip install 'psycopg[binary]'."
        ) from error
    return writing, writing.execution_options(isolation_level="AUTOCOMMIT")


def _run(connection: Connection, statement: str) -> None:
    # With SQLAlchemy, the driver would read a percent sign in a column name as a parameter.
    connection.connection.cursor().execute(statement)


def _copy(connection: Connection, table: str, names: list[str], batches: Batches) -> int:
    cursor = connection.connection.cursor()
    written = 0
    columns = ", ".join(map(quoted, names))
    with cursor.copy(f"COPY {quoted(table)} ({columns}) FROM STDIN") as copy:
        for rows in batches:
            for row in rows:
                copy.write_row(row)
            written += len(rows)
    return written


@contextmanager
def _scratch_table(connection: Connection, like: str, columns: str) -> Iterator[str]:
    name = "lakelab_scratch"
    _run(
        connection,
        f"CREATE TEMP TABLE {quoted(name)} ON COMMIT DROP AS SELECT {columns} FROM {quoted(like)} LIMIT 0",
    )
    yield name
    _run(connection, f"DROP TABLE {quoted(name)}")
