"""Publish a feature table to an online table: all of its latest rows, or those that changed.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/online-feature-store
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Row, Table, delete, insert, select, update

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import CHANGE_DATA_FEED
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.online_store.database import (
    Database,
    OnlineStoreError,
    published_tables,
    quoted,
    stores,
)
from lakelab.local.online_store.source import Source


class PublishMode(StrEnum):
    """How an online table follows its source.

    ``TRIGGERED`` copies at each publish what changed since the last; ``CONTINUOUS`` goes on by itself
    after the first; ``SNAPSHOT`` copies all at each publish.
    """

    TRIGGERED = "TRIGGERED"
    CONTINUOUS = "CONTINUOUS"
    SNAPSHOT = "SNAPSHOT"

    @property
    def needs_change_data_feed(self) -> bool:
        return self is not PublishMode.SNAPSHOT


@dataclass(frozen=True)
class Published:
    """What a publish did.

    Attributes
    ----------
    online_table_name : str
    pipeline_id : str
        The same for all publishes of one online table.
    kind : {"full", "incremental", "nothing"}
        Whether all rows were copied, those that changed, or none, as the source had not changed.
    source_version : int
        The Delta version that is online now.
    written, deleted : int
        Rows that were written, and keys that were removed.
    """

    online_table_name: str
    pipeline_id: str
    kind: str
    source_version: int
    written: int
    deleted: int


class SupersededError(OnlineStoreError):
    """The online table was deleted, or published in another way, by somebody else."""


class Publisher:
    """Copies feature tables into the database.

    Parameters
    ----------
    database : Database
    unity : UnityCatalog
        Where the feature tables are.
    """

    def __init__(self, database: Database, unity: UnityCatalog):
        self._database = database
        self._unity = unity

    def publish(
        self,
        source: str,
        online_table: str,
        store: str,
        mode: PublishMode,
        user: str | None = None,
        only_after: str | None = None,
    ) -> Published:
        """Publish a feature table: as a whole, or not at all.

        Parameters
        ----------
        source, online_table : str
            Three-level names.
        store : str
            The online store.
        mode : PublishMode
        user : str, optional
            Who publishes.
        only_after : str, optional
            The last update that is known: publish only if none has come in between.

        Raises
        ------
        NotFoundError
            If there is no such table, schema or store.
        OnlineStoreError
            If the table cannot be published, or the online table is another's.
        SupersededError
            If another update came in between.
        """
        name = TableName.parse(online_table)
        self._unity.require_schema(name.catalog, name.schema)
        if self._unity.exists(name):
            raise OnlineStoreError(
                f"'{name}' is a Delta table. Give the online table a name of its own, such as "
                f"{name}_online."
            )
        self._open(TableName.parse(source), mode)  # what can be refused is refused before any lock
        with self._database.transaction() as connection:
            # opened again: whoever had the lock before may have published a newer version
            offered = self._open(TableName.parse(source), mode)
            self._require_store(connection, store)
            before = _online_table(connection, str(name))
            if only_after is not None and _last_update(before) != only_after:
                raise SupersededError(f"Online table '{name}' was deleted or published anew.")
            if before is not None and (before.source, before.store) != (
                str(offered.table.name),
                store,
            ):
                raise OnlineStoreError(
                    f"Online table '{name}' exists already: '{before.source}' is published to it in "
                    f"the online store '{before.store}'. Delete it first: "
                    f"WorkspaceClient().feature_store.delete_online_table('{name}')."
                )
            try:
                return self._copy(connection, name, before, offered, store, mode, user)
            except self._database.DataError as error:
                raise OnlineStoreError(
                    f"Table '{offered.table.name}' cannot be published: the online store at "
                    f"{self._database.place} does not take a value of it. {error}"
                ) from error

    def _copy(
        self,
        connection: Connection,
        name: TableName,
        before: Row[Any] | None,
        source: Source,
        store: str,
        mode: PublishMode,
        user: str | None,
    ) -> Published:
        columns = [asdict(column) for column in source.columns]
        same = (
            before is not None
            and before.source_id == source.id
            and before.columns == columns
            and (before.keys, before.timeseries_column) == (source.keys, source.time)
        )
        # Rows that look different go to a table of another name, so that whoever still asks for the old
        # one is told so, and is not given half of the columns.
        physical = before.physical if same and before is not None else _new_name(name)
        table = _physical(physical, source, self._database.dialect)
        kind, written, deleted = "full", 0, 0
        dialect = self._database.dialect
        changed = None
        if same and before is not None and mode.needs_change_data_feed:
            if before.source_version == source.table.version:
                kind = "nothing"
            elif before.source_version < source.table.version:
                changed = source.changed_keys(before.source_version)
        if changed is not None:
            kind = "incremental"
            with source.without(changed, dialect) as gone:
                deleted = self._database.delete(connection, table, gone)
            with source.latest(dialect, changed) as rows:
                written = self._database.upsert(connection, table, rows)
        elif kind == "full":
            if same:
                connection.execute(delete(table))
            else:
                table.create(connection)
            with source.latest(dialect) as rows:
                written = self._database.insert(connection, table, rows)
            if before is not None and before.physical != physical:
                # the last thing, as PostgreSQL keeps readers of a dropped table waiting for the commit
                drop_rows(connection, before.physical)
        published = Published(
            online_table_name=str(name),
            pipeline_id=before.pipeline_id if before is not None else str(uuid.uuid4()),
            kind=kind,
            source_version=source.table.version,
            written=written,
            deleted=deleted,
        )
        told = {
            "store": store,
            "source": str(source.table.name),
            "source_id": source.id,
            "source_version": source.table.version,
            "publish_mode": str(mode),
            "pipeline_id": published.pipeline_id,
            "physical": table.name,
            "columns": columns,
            "keys": source.keys,
            "timeseries_column": source.time,
            "creator": user,
            "last_update": {
                "id": str(uuid.uuid4()),
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "kind": kind,
                "written": written,
                "deleted": deleted,
            },
        }
        if before is None:
            connection.execute(insert(published_tables).values(name=str(name), **told))
        else:
            this = published_tables.c.name == str(name)
            connection.execute(update(published_tables).where(this).values(**told))
        return published

    def _open(self, name: TableName, mode: PublishMode) -> Source:
        """Open the feature table as it is now, and hold it against what publishing requires."""
        table = self._unity.table(name)
        key = table.primary_key
        if key is None:
            raise OnlineStoreError(
                f"Table '{name}' cannot be published: it has no primary key. Declare one: "
                f"ALTER TABLE {name} ADD CONSTRAINT {name.table}_pk PRIMARY KEY (key_column)."
            )
        nullable = [column for column in key.columns if table.field(column)["nullable"]]
        if nullable:
            raise OnlineStoreError(
                f"Table '{name}' cannot be published: its primary key must not be nullable, and "
                f"{', '.join(nullable)} is. Forbid it: ALTER TABLE {name} ALTER COLUMN {nullable[0]} "
                f"SET NOT NULL."
            )
        source = Source(table, key)
        _require_keys(source)
        if mode.needs_change_data_feed and not table.change_data_feed:
            raise OnlineStoreError(
                f"Table '{name}' cannot be published in the mode {mode}: its change data feed is not "
                f"enabled. Enable it: ALTER TABLE {name} SET TBLPROPERTIES ({CHANGE_DATA_FEED} = true); "
                f"or publish in the mode {PublishMode.SNAPSHOT}, which copies all rows each time."
            )
        return source

    def _require_store(self, connection: Connection, store: str) -> None:
        found = connection.execute(select(stores.c.name).where(stores.c.name == store)).first()
        if found is None:
            raise NotFoundError(
                f"Online store with name '{store}' not found. Create it first: "
                f"FeatureEngineeringClient().create_online_store(name='{store}', capacity='CU_1')."
            )

    def is_outdated(self, told: Mapping[str, Any]) -> bool:
        """Tell whether the source of an online table is another now than what was published."""
        table = self._unity.table(TableName.parse(told["source"]))
        now = str(table.delta.metadata().id), table.version
        return now != (told["source_id"], told["source_version"])


def _require_keys(source: Source) -> None:
    name = source.table.name
    if not source.keys:
        raise OnlineStoreError(
            f"Table '{name}' cannot be published: its primary key has no column beside the time "
            f"series column '{source.time}', so there is nothing to look a row up by."
        )
    for column in source.key_columns:
        if column.is_time:
            raise OnlineStoreError(
                f"Table '{name}' cannot be published: '{column.name}' of its primary key is of type "
                f"{column.type} and is not declared as time series column. Declare the key again with "
                f"it: PRIMARY KEY (..., {column.name} TIMESERIES)."
            )
        if not column.can_be_key:
            raise OnlineStoreError(
                f"Table '{name}' cannot be published: '{column.name}' of its primary key is of type "
                f"{column.type}, and rows are looked up by whole numbers, text, booleans, bytes or "
                f"decimals."
            )


def _online_table(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(
        select(published_tables).where(published_tables.c.name == name)
    ).one_or_none()


def _last_update(online_table: Row[Any] | None) -> str | None:
    return None if online_table is None else str(online_table.last_update["id"])


def drop_rows(connection: Connection, physical: str) -> None:
    """Drop the rows of an online table."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted(physical)}")


def _new_name(name: TableName) -> str:
    """Give rows a table name that nothing had before, of at most 63 bytes, as PostgreSQL wants it."""
    plain = re.sub(r"\W+", "_", name.table, flags=re.ASCII)[:40]
    return f"{plain}_{secrets.token_hex(8)}"


def _physical(physical: str, source: Source, dialect: str) -> Table:
    """Say how the rows are stored."""
    # without rowids, the rows of SQLite lie in the order of their keys: one search finds them
    return Table(
        physical,
        MetaData(),
        *(
            Column(
                column.name,
                column.sql_type(dialect),
                primary_key=column.name in source.keys,
                autoincrement=False,
            )
            for column in source.columns
        ),
        sqlite_with_rowid=False,
    )
