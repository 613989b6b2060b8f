"""Publish a feature table to an online table: all latest rows, or only the changes.

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

    ``TRIGGERED`` copies at each publish the changes since the last one. ``CONTINUOUS`` continues by
    itself after the first publish. ``SNAPSHOT`` copies all rows at each publish.
    """

    TRIGGERED = "TRIGGERED"
    CONTINUOUS = "CONTINUOUS"
    SNAPSHOT = "SNAPSHOT"

    @property
    def needs_change_data_feed(self) -> bool:
        return self is not PublishMode.SNAPSHOT


@dataclass(frozen=True)
class Published:
    """The result of a publish.

    Attributes
    ----------
    online_table_name : str
    pipeline_id : str
        The same for all publishes of one online table.
    kind : {"full", "incremental", "nothing"}
        ``full``: all rows were copied; ``incremental``: only changed keys; ``nothing``: the source had
        not changed.
    source_version : int
        The Delta version that is online after the publish.
    written, deleted : int
        The number of written rows, and of deleted keys.
    """

    online_table_name: str
    pipeline_id: str
    kind: str
    source_version: int
    written: int
    deleted: int


class SupersededError(OnlineStoreError):
    """Another process or thread deleted the online table, or published it again."""


class Publisher:
    """A publisher of feature tables to the database.

    Parameters
    ----------
    database : Database
    unity : UnityCatalog
        The catalog of the feature tables.
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
        """Publish a feature table in one transaction.

        Parameters
        ----------
        source, online_table : str
            Three-level names.
        store : str
            The online store.
        mode : PublishMode
        user : str, optional
            The user who publishes.
        only_after : str, optional
            The id of the update that must be the latest one.

        Raises
        ------
        NotFoundError
            If the table, the schema or the store does not exist.
        OnlineStoreError
            If the table cannot be published, or the online table belongs to another source or store.
        SupersededError
            If another update than ``only_after`` is the latest, or the online table was deleted.
        """
        name = TableName.parse(online_table)
        self._unity.require_schema(name.catalog, name.schema)
        if self._unity.exists(name):
            raise OnlineStoreError(
                f"'{name}' is a Delta table. Give the online table another name, such as "
                f"{name}_online."
            )
        self._open(TableName.parse(source), mode)  # raises before the lock is taken
        with self._database.transaction() as connection:
            # opened again, because the last holder of the lock may have published a newer version
            offered = self._open(TableName.parse(source), mode)
            self._require_store(connection, store)
            before = _online_table(connection, str(name))
            if only_after is not None and _last_update(before) != only_after:
                raise SupersededError(f"Online table '{name}' was deleted or published again.")
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
                    f"{self._database.location} does not accept a value of it. {error}"
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
            and (before.keys, before.timeseries_column) == (source.keys, source.timeseries_column)
        )
        # If columns or keys differ, the rows go to a new database table. So a query for the old table
        # fails, instead of returning a part of the columns.
        physical = before.physical if same and before is not None else _new_name(name)
        table = _rows_table(physical, source, self._database.dialect)
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
            with source.deleted_keys(changed, dialect) as keys:
                deleted = self._database.delete(connection, table, keys)
            with source.latest_rows(dialect, changed) as rows:
                written = self._database.upsert(connection, table, rows)
        elif kind == "full":
            if same:
                connection.execute(delete(table))
            else:
                table.create(connection)
            with source.latest_rows(dialect) as rows:
                written = self._database.insert(connection, table, rows)
            if before is not None and before.physical != physical:
                # last, because in PostgreSQL readers of a dropped table wait for the commit
                drop_rows_table(connection, before.physical)
        published = Published(
            online_table_name=str(name),
            pipeline_id=before.pipeline_id if before is not None else str(uuid.uuid4()),
            kind=kind,
            source_version=source.table.version,
            written=written,
            deleted=deleted,
        )
        values = {
            "store": store,
            "source": str(source.table.name),
            "source_id": source.id,
            "source_version": source.table.version,
            "publish_mode": str(mode),
            "pipeline_id": published.pipeline_id,
            "physical": table.name,
            "columns": columns,
            "keys": source.keys,
            "timeseries_column": source.timeseries_column,
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
            connection.execute(insert(published_tables).values(name=str(name), **values))
        else:
            same_name = published_tables.c.name == str(name)
            connection.execute(update(published_tables).where(same_name).values(**values))
        return published

    def _open(self, name: TableName, mode: PublishMode) -> Source:
        """Open the current version of the feature table, and check that it can be published."""
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

    def is_outdated(self, online_table: Mapping[str, Any]) -> bool:
        """Return whether the source of an online table changed after the last publish."""
        source = self._unity.table(TableName.parse(online_table["source"]))
        current = str(source.delta.metadata().id), source.version
        return current != (online_table["source_id"], online_table["source_version"])


def _require_keys(source: Source) -> None:
    name = source.table.name
    if not source.keys:
        raise OnlineStoreError(
            f"Table '{name}' cannot be published: its primary key has no column beside the time "
            f"series column '{source.timeseries_column}', so there is nothing to look a row up by."
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


def drop_rows_table(connection: Connection, physical: str) -> None:
    """Drop the database table with the rows of an online table."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted(physical)}")


def _new_name(name: TableName) -> str:
    """Return a unique name for a database table, of at most 63 bytes, the limit of PostgreSQL."""
    plain = re.sub(r"\W+", "_", name.table, flags=re.ASCII)[:40]
    return f"{plain}_{secrets.token_hex(8)}"


def _rows_table(physical: str, source: Source, dialect: str) -> Table:
    """Return the definition of the database table with the rows."""
    # without rowids, SQLite stores the rows in the order of the keys, so one search finds a row
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
