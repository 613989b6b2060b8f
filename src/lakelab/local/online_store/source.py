"""What is published of a feature table: the latest row for each key, all of them or those that changed."""

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
    """A feature table as of one version, and how it is stored online.

    Attributes
    ----------
    keys : list of str
        The columns that a row is looked up by: the primary key without the time series column.
    time : str or None
        The time series column.
    columns : list of OnlineColumn
        All columns of the table.

    Parameters
    ----------
    table : UnityTable
    key : PrimaryKey
        Its primary key.
    """

    def __init__(self, table: UnityTable, key: PrimaryKey):
        self.table = table
        self.time = key.timeseries_column
        self.keys = [column for column in key.columns if column != self.time]
        self.columns = [OnlineColumn.from_field(field) for field in table.fields]
        self._schema = pa.schema(table.delta.schema().to_arrow())

    @property
    def id(self) -> str:
        """Tells a table that was dropped and created again under the same name."""
        return str(self.table.delta.metadata().id)

    # ---- rows ------------------------------------------------------------------------------------
    @contextmanager
    def latest(self, dialect: str, among: pa.Table | None = None) -> Iterator[Batches]:
        """Read the latest row for each key, as the database driver takes it.

        Parameters
        ----------
        dialect : {"sqlite", "postgresql"}
        among : pyarrow.Table, optional
            The keys to read; all by default.

        Raises
        ------
        OnlineStoreError
            If a key stands in several rows of the same time.
        """
        with self._opened() as connection:
            rows = "source"
            if among is not None:
                connection.register("among", among)
                rows = f"(FROM source t SEMI JOIN among a ON {_same(self.keys, 't', 'a')})"
            select = f"SELECT t.* FROM {rows} t"
            if self.time is not None:
                # quicker than a window: only keys and times are grouped
                grouped, time = ", ".join(map(quoted, self.keys)), quoted(self.time)
                newest = f"SELECT {grouped}, max({time}) AS {time} FROM {rows} GROUP BY {grouped}"
                select += f" JOIN ({newest}) n ON {_same([*self.keys, self.time], 't', 'n')}"
            connection.execute(f"CREATE TEMP TABLE latest AS {select}")
            self._require_unique(connection)
            ordered = ", ".join(map(quoted, self.keys))  # a B-tree that is filled in order is quick
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
        twice = connection.execute(
            f"SELECT {keys}, count(*) FROM latest GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        if twice is not None:
            key = ", ".join(
                f"{name}={value!r}" for name, value in zip(self.keys, twice, strict=False)
            )
            raise OnlineStoreError(
                f"Table '{self.table.name}' cannot be published: its primary key must be unique, and "
                f"{twice[-1]} rows have {key}. A primary key is declared, not enforced: delete the "
                f"rows that are too many."
            )

    # ---- what changed ----------------------------------------------------------------------------
    def changed_keys(self, since: int) -> pa.Table | None:
        """Find the keys of all rows that came, went or changed after a version.

        Delta never changes a file: what differs between two versions is in the files that one of
        them has and the other has not.

        Returns
        -------
        pyarrow.Table or None
            The key columns, each key once; None where that cannot be told, and all is to be read.
        """
        try:
            old = UnityTable(self.table.name, self.table.path, since)
        except DeltaError:  # the log is kept for a while only
            return None
        before, after = plain_files(old.delta), plain_files(self.table.delta)
        with duckdb_pool.connect() as connection:
            if before is None or after is None:
                # partitioned, for example: all of both versions is read, the same rows cancel out
                gone_rows = old.delta.to_pyarrow_dataset()
                found = gone_rows.filesystem.get_file_info(gone_rows.files)
                if any(file.type is not FileType.File for file in found):
                    return None  # vacuumed
                connection.register("gone", gone_rows)
                connection.register("come", self.table.delta.to_pyarrow_dataset())
            else:
                gone, come = sorted(set(before) - set(after)), sorted(set(after) - set(before))
                if not all(Path(file).is_file() for file in gone):
                    return None  # vacuumed
                for name, files in (("gone", gone), ("come", come)):
                    connection.execute(
                        f"CREATE TEMP VIEW {name} AS {self._select(connection, files)}"
                    )
            keys = ", ".join(map(quoted, self.keys))
            return connection.sql(
                f"SELECT DISTINCT {keys} FROM ((FROM gone EXCEPT ALL FROM come) "
                f"UNION ALL (FROM come EXCEPT ALL FROM gone))"
            ).to_arrow_table()

    @contextmanager
    def without(self, keys: pa.Table, dialect: str) -> Iterator[Batches]:
        """Read those of the keys that the table has no more, as the database driver takes them."""
        with self._opened() as connection:
            connection.register("among", keys)
            reader = connection.sql(
                f"FROM among a ANTI JOIN source t ON {_same(self.keys, 't', 'a')}"
            ).to_arrow_reader(BATCH_ROWS)
            yield self._encoded(reader, self.key_columns, dialect)

    @property
    def key_columns(self) -> list[OnlineColumn]:
        """The columns of :attr:`keys`, in their order."""
        return [next(c for c in self.columns if c.name == key) for key in self.keys]

    # ---- files -----------------------------------------------------------------------------------
    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb_pool.connect() as connection:
            files = plain_files(self.table.delta)
            if files is None:
                connection.register("source", self.table.delta.to_pyarrow_dataset())
            else:
                connection.execute(f"CREATE TEMP VIEW source AS {self._select(connection, files)}")
            yield connection

    def _select(self, connection: duckdb.DuckDBPyConnection, files: list[str]) -> str:
        """Write the query of all columns; one that was added later is null in older files."""
        if not files:
            connection.register("empty", self._schema.empty_table())
            return "FROM empty"
        source, there = parquet_source(connection, files)
        columns = ", ".join(
            quoted(name) if name in there else f"NULL AS {quoted(name)}"
            for name in self._schema.names
        )
        return f"SELECT {columns} FROM {source}"


def _same(columns: list[str], left: str, right: str) -> str:
    return " AND ".join(f"{left}.{quoted(c)} = {right}.{quoted(c)}" for c in columns)
