"""The source of an online table: the latest rows of a feature table, all of them or only the changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake.exceptions import DeltaError
from pyarrow.fs import FileType

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.table import UnityTable
from lakelab.local.delta.files import parquet_source, plain_files
from lakelab.local.online_store.database import Batches, OnlineStoreError, quoted
from lakelab.local.online_store.values import OnlineColumn
from lakelab.local.system import duckdb_pool

BATCH_ROWS = 50_000


class Source:
    """One version of a feature table, and its columns in the online table.

    Attributes
    ----------
    keys : list of str
        The columns of the lookup key: the primary key without the time series column.
    timeseries_column : str or None
    columns : list of OnlineColumn
        All columns of the table.

    Parameters
    ----------
    table : UnityTable
    key : PrimaryKey
        The primary key of the table.
    """

    def __init__(self, table: UnityTable, key: PrimaryKey):
        self.table = table
        self.timeseries_column = key.timeseries_column
        self.keys = [column for column in key.columns if column != self.timeseries_column]
        self.columns = [OnlineColumn.from_field(field) for field in table.fields]
        self._schema = pa.schema(table.delta.schema().to_arrow())

    @property
    def id(self) -> str:
        """The Delta table id, which differs if the table was dropped and created again."""
        return str(self.table.delta.metadata().id)

    # ---- rows ------------------------------------------------------------------------------------
    @contextmanager
    def latest_rows(self, dialect: str, among: pa.Table | None = None) -> Iterator[Batches]:
        """Read the latest row for each key, with the values that the database driver accepts.

        Parameters
        ----------
        dialect : {"sqlite", "postgresql"}
        among : pyarrow.Table, optional
            The keys to read; by default all keys.

        Raises
        ------
        OnlineStoreError
            If a key is in several rows with the same time.
        """
        with self._connect() as connection:
            rows = "source"
            if among is not None:
                connection.register("among", among)
                rows = f"(FROM source t SEMI JOIN among a ON {_equal(self.keys, 't', 'a')})"
            select = f"SELECT t.* FROM {rows} t"
            if self.timeseries_column is not None:
                # faster than a window function, because only keys and times are grouped
                grouped, time = ", ".join(map(quoted, self.keys)), quoted(self.timeseries_column)
                newest = f"SELECT {grouped}, max({time}) AS {time} FROM {rows} GROUP BY {grouped}"
                select += f" JOIN ({newest}) n ON {_equal([*self.keys, self.timeseries_column], 't', 'n')}"
            connection.execute(f"CREATE TEMP TABLE latest AS {select}")
            self._require_unique(connection)
            # inserts into a B-tree are fast in key order
            ordered = ", ".join(map(quoted, self.keys))
            reader = connection.sql(f"SELECT * FROM latest ORDER BY {ordered}").to_arrow_reader(
                BATCH_ROWS
            )
            yield self._encoded(reader, self.columns, dialect)

    def _encoded(
        self, reader: pa.RecordBatchReader, columns: list[OnlineColumn], dialect: str
    ) -> Batches:
        for batch in reader:
            values = [
                column.encode(batch.column(column.name).cast(self._schema.field(column.name).type), dialect)
                for column in columns
            ]  # fmt: skip
            yield list(zip(*values, strict=True))

    def _require_unique(self, connection: duckdb.DuckDBPyConnection) -> None:
        keys = ", ".join(map(quoted, self.keys))
        duplicate = connection.execute(
            f"SELECT {keys}, count(*) FROM latest GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        if duplicate is not None:
            key = ", ".join(
                f"{name}={value!r}" for name, value in zip(self.keys, duplicate, strict=False)
            )
            raise OnlineStoreError(
                f"Table '{self.table.name}' cannot be published: its primary key must be unique, and "
                f"{duplicate[-1]} rows have {key}. A primary key is declared, not enforced: delete the "
                f"duplicate rows."
            )

    # ---- changes ---------------------------------------------------------------------------------
    def changed_keys(self, since: int) -> pa.Table | None:
        """Return the keys of all rows that were inserted, updated or deleted after a version.

        Delta never changes a file. So the changes between two versions are in the files that only one
        of the versions has.

        Returns
        -------
        pyarrow.Table or None
            The key columns, each key once; None if the changes are unknown and all rows must be read.
        """
        try:
            old = UnityTable(self.table.name, self.table.path, since)
        except DeltaError:  # the log of this version was deleted
            return None
        before, after = plain_files(old.delta), plain_files(self.table.delta)
        with duckdb_pool.connect() as connection:
            if before is None or after is None:
                # A partitioned table, for example: all rows of both versions are compared.
                old_rows = old.delta.to_pyarrow_dataset()
                files = old_rows.filesystem.get_file_info(old_rows.files)
                if any(file.type is not FileType.File for file in files):
                    return None  # vacuumed
                connection.register("removed", old_rows)
                connection.register("added", self.table.delta.to_pyarrow_dataset())
            else:
                removed, added = sorted(set(before) - set(after)), sorted(set(after) - set(before))
                if not all(Path(file).is_file() for file in removed):
                    return None  # vacuumed
                for name, files in (("removed", removed), ("added", added)):
                    connection.execute(
                        f"CREATE TEMP VIEW {name} AS {self._select(connection, files)}"
                    )
            keys = ", ".join(map(quoted, self.keys))
            return connection.sql(
                f"SELECT DISTINCT {keys} FROM ((FROM removed EXCEPT ALL FROM added) "
                f"UNION ALL (FROM added EXCEPT ALL FROM removed))"
            ).to_arrow_table()

    @contextmanager
    def deleted_keys(self, keys: pa.Table, dialect: str) -> Iterator[Batches]:
        """Read the keys that the table no longer has, with the values that the database driver accepts."""
        with self._connect() as connection:
            connection.register("among", keys)
            reader = connection.sql(
                f"FROM among a ANTI JOIN source t ON {_equal(self.keys, 't', 'a')}"
            ).to_arrow_reader(BATCH_ROWS)
            yield self._encoded(reader, self.key_columns, dialect)

    @property
    def key_columns(self) -> list[OnlineColumn]:
        """The columns of :attr:`keys`, in their order."""
        return [next(c for c in self.columns if c.name == key) for key in self.keys]

    # ---- files -----------------------------------------------------------------------------------
    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb_pool.connect() as connection:
            files = plain_files(self.table.delta)
            if files is None:
                connection.register("source", self.table.delta.to_pyarrow_dataset())
            else:
                connection.execute(f"CREATE TEMP VIEW source AS {self._select(connection, files)}")
            yield connection

    def _select(self, connection: duckdb.DuckDBPyConnection, files: list[str]) -> str:
        """Return the query of all columns; a column that was added later is null in older files."""
        if not files:
            connection.register("empty", self._schema.empty_table())
            return "FROM empty"
        source, stored = parquet_source(connection, files)
        columns = ", ".join(
            quoted(name) if name in stored else f"NULL AS {quoted(name)}"
            for name in self._schema.names
        )
        return f"SELECT {columns} FROM {source}"


def _equal(columns: list[str], left: str, right: str) -> str:
    return " AND ".join(f"{left}.{quoted(c)} = {right}.{quoted(c)}" for c in columns)
