"""The tables of Unity Catalog, kept as Delta folders: ``warehouse/catalog/schema/table``.

The folder tree is the catalog: whoever can list the folder sees the same catalogs, schemas and
tables, in this process or another. What Unity Catalog knows about a table beside its data lives in
the table's own Delta log: the comment is the Delta description, column comments are in the schema,
and primary key and tags are table properties. Nothing can get out of step.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from filelock import FileLock

from lakelab.local.delta_commit import commit, metadata
from lakelab.local.sql_text import quoted

PRIMARY_KEY = "uc.primaryKey"
TAGS = "uc.tags"
COLUMN_TAGS = "uc.columnTags"
CHANGE_DATA_FEED, _KEPT_AS = "delta.enableChangeDataFeed", "uc.changeDataFeed"
"""The engine cannot write to a table whose change data feed is on. So the property is kept under
another name, and whoever needs the changes between two versions compares their files."""
OUR_PROPERTIES = (PRIMARY_KEY, TAGS, COLUMN_TAGS, _KEPT_AS)
"""Table properties that hold what Unity Catalog keeps beside the table; not shown as properties."""

HIVE_METASTORE = "hive_metastore"
"""The catalog that is no part of Unity Catalog: see :mod:`lakelab.local.hive_metastore`."""

_STAGING = ".staging-"
_TRASH = ".trash-"


class UnityCatalogError(Exception):
    """A name or an object that Unity Catalog would refuse; the message says what to do."""


class NotFoundError(UnityCatalogError):
    """The catalog, schema or table does not exist."""


class AlreadyExistsError(UnityCatalogError):
    """The catalog, schema or table exists already."""


@dataclass(frozen=True, order=True)
class TableName:
    """A three-level name, in lower case as Unity Catalog keeps it.

    Examples
    --------
    >>> TableName.parse("Weather", catalog="main", schema="flights")
    TableName(catalog='main', schema='flights', table='weather')
    >>> str(TableName.parse("main.flights.`air port`"))
    'main.flights.air port'
    >>> TableName.parse("a.b.c.d", catalog="main", schema="flights")
    Traceback (most recent call last):
    ...
    lakelab.local.unity_catalog.UnityCatalogError: 'a.b.c.d' is not a table name: give \
catalog.schema.table, schema.table or table.
    """

    catalog: str
    schema: str
    table: str

    @classmethod
    def parse(cls, name: str, *, catalog: str = "", schema: str = "") -> TableName:
        """Complete a name of one to three levels with the current catalog and schema."""
        parts = [
            quoted or plain for quoted, plain in re.findall(r"`([^`]+)`|([^.`]+)", name.strip())
        ]
        given = ".".join(parts)
        whole = given == name.strip().replace("`", "") and name.count("`") % 2 == 0
        if not 1 <= len(parts) <= 3 or not whole:
            raise UnityCatalogError(
                f"'{name}' is not a table name: give catalog.schema.table, schema.table or table."
            )
        levels = [catalog, schema][: 3 - len(parts)] + parts
        return cls(*(_valid(level, name) for level in levels))

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.table}"

    @property
    def quoted(self) -> str:
        """The name as it stands in SQL."""
        return ".".join(f"`{level}`" for level in (self.catalog, self.schema, self.table))


def _valid(level: str, name: str) -> str:
    level = level.lower()
    if not re.fullmatch(r"[^./\\\x00-\x20\x7f]([^./\\\x00-\x1f\x7f]{0,254})", level):
        raise UnityCatalogError(
            f"'{name}' is not a valid name: '{level}' must have 1 to 255 characters, and no period, "
            "slash, leading space or control character."
        )
    return level


@dataclass(frozen=True)
class PrimaryKey:
    """The primary key of a table: its columns and, for a time series, which one is the time."""

    name: str
    columns: tuple[str, ...]
    timeseries_column: str | None = None

    @property
    def clause(self) -> str:
        """The key as ``CREATE TABLE`` says it.

        Examples
        --------
        >>> PrimaryKey("weather_pk", ("origin", "ts"), "ts").clause
        'PRIMARY KEY (`origin`, `ts` TIMESERIES)'
        """
        columns = (
            quoted(c) + (" TIMESERIES" if c == self.timeseries_column else "") for c in self.columns
        )
        return f"PRIMARY KEY ({', '.join(columns)})"

    def to_json(self) -> str:
        return json.dumps(
            {"name": self.name, "columns": self.columns, "timeseries": self.timeseries_column}
        )

    @classmethod
    def from_json(cls, text: str) -> PrimaryKey:
        told = json.loads(text)
        return cls(told["name"], tuple(told["columns"]), told["timeseries"])


class UnityTable:
    """One table: its Delta log, and what Unity Catalog keeps beside the data."""

    def __init__(self, name: TableName, path: Path, version: int | None = None):
        self.name = name
        self.path = path
        self.delta = DeltaTable(path, version=version)

    @property
    def version(self) -> int:
        return self.delta.version()

    @property
    def comment(self) -> str | None:
        return self.delta.metadata().description

    @property
    def properties(self) -> dict[str, str]:
        """The table properties that a user set, without ours."""
        told = self.delta.metadata().configuration
        feed = {CHANGE_DATA_FEED: told[_KEPT_AS]} if _KEPT_AS in told else {}
        return {**_without(told, OUR_PROPERTIES), **feed}

    @property
    def change_data_feed(self) -> bool:
        """Whether the change data feed is on."""
        return self.properties.get(CHANGE_DATA_FEED, "").lower() == "true"

    @property
    def primary_key(self) -> PrimaryKey | None:
        told = self.delta.metadata().configuration.get(PRIMARY_KEY)
        return PrimaryKey.from_json(told) if told else None

    @property
    def tags(self) -> dict[str, str]:
        return json.loads(self.delta.metadata().configuration.get(TAGS) or "{}")

    @property
    def column_tags(self) -> dict[str, dict[str, str]]:
        return json.loads(self.delta.metadata().configuration.get(COLUMN_TAGS) or "{}")

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The columns as the Delta log has them: name, type, nullable, metadata."""
        return json.loads(self.delta.schema().to_json())["fields"]

    def field(self, column: str) -> dict[str, Any]:
        for field in self.fields:
            if field["name"].lower() == column.lower():
                return field
        names = ", ".join(field["name"] for field in self.fields)
        raise NotFoundError(f"Table '{self.name}' has no column '{column}'. It has: {names}.")

    def optimize(self, zorder_by: Sequence[str] = ()) -> dict[str, Any]:
        """Pack small files into larger ones, in the order of columns where some are named.

        Returns
        -------
        dict
            delta-rs's metrics: ``numFilesAdded``, ``numFilesRemoved``, ``filesAdded`` and others.
        """
        optimizer = self.delta.optimize
        return optimizer.z_order(list(zorder_by)) if zorder_by else optimizer.compact()

    def set_primary_key(self, key: PrimaryKey | None) -> None:
        """Declare the key, or drop it with None.

        Raises
        ------
        UnityCatalogError
            If a column is nullable, or there is a key already.
        """
        if key is None:
            self._set_properties({PRIMARY_KEY: ""})
            return
        if self.primary_key:
            raise AlreadyExistsError(
                f"Table '{self.name}' already has the primary key '{self.primary_key.name}'. "
                f"Drop it first: ALTER TABLE {self.name} DROP CONSTRAINT {self.primary_key.name}."
            )
        key = PrimaryKey(
            key.name,
            tuple(self.field(column)["name"] for column in key.columns),
            key.timeseries_column and self.field(key.timeseries_column)["name"],
        )
        nullable = [column for column in key.columns if self.field(column)["nullable"]]
        if nullable:
            raise UnityCatalogError(
                f"Cannot create the primary key `{key.name}` because its child column(s) "
                f"{', '.join(f'`{c}`' for c in nullable)} is nullable. Please change the column "
                f"nullability and retry: ALTER TABLE {self.name} ALTER COLUMN {nullable[0]} SET NOT NULL."
            )
        self._set_properties({PRIMARY_KEY: key.to_json()})

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Set properties as a user does with ``ALTER TABLE ... SET TBLPROPERTIES``."""
        self._set_properties({kept_name(name): value for name, value in properties.items()})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        self._set_properties({TAGS: json.dumps({**self.tags, **tags})})

    def unset_tags(self, keys: list[str]) -> None:
        self._set_properties({TAGS: json.dumps(_without(self.tags, keys))})

    def set_column_tags(self, column: str, tags: Mapping[str, str]) -> None:
        column = self.field(column)["name"]
        merged = {**self.column_tags.get(column, {}), **tags}
        self._set_properties({COLUMN_TAGS: json.dumps({**self.column_tags, column: merged})})

    def unset_column_tags(self, column: str, keys: list[str]) -> None:
        column = self.field(column)["name"]
        left = _without(self.column_tags.get(column, {}), keys)
        self._set_properties({COLUMN_TAGS: json.dumps({**self.column_tags, column: left})})

    def set_comment(self, text: str) -> None:
        self.delta.alter.set_table_description(text)

    def set_column_comment(self, column: str, text: str) -> None:
        field = self.field(column)
        self.delta.alter.set_column_metadata(field["name"], {**field["metadata"], "comment": text})

    def set_not_null(self, column: str) -> None:
        """Forbid nulls in a column, after checking that it has none.

        Raises
        ------
        UnityCatalogError
            If the column has nulls now.
        """
        name = self.field(column)["name"]
        nulls = sum(
            batch.column(0).null_count
            for batch in self.delta.to_pyarrow_dataset().to_batches(columns=[name])
        )
        if nulls:
            raise UnityCatalogError(
                f"Cannot set '{name}' of table '{self.name}' to NOT NULL: {nulls} of its rows have "
                f"null there. Fill or delete them first."
            )

        while True:
            self.delta.update_incremental()
            fields = [{**f, "nullable": f["nullable"] and f["name"] != name} for f in self.fields]
            try:
                commit(
                    self.delta,
                    self.path,
                    "CHANGE COLUMN",
                    [metadata(self.delta, fields)],
                    parameters={"column": name, "nullable": "false"},
                )
            except CommitFailedError:
                continue  # another writer was first: look again
            self.delta.update_incremental()
            return

    def allow_null(self, column: str) -> None:
        self.delta.alter.drop_column_not_null(self.field(column)["name"])

    def _set_properties(self, properties: dict[str, str]) -> None:
        self.delta.alter.set_table_properties(properties, raise_if_not_exists=False)


def kept_name(prop: str) -> str:
    """Say under which name a property of a table is kept.

    Examples
    --------
    >>> kept_name("delta.enableChangeDataFeed"), kept_name("delta.appendOnly")
    ('uc.changeDataFeed', 'delta.appendOnly')
    """
    return _KEPT_AS if prop == CHANGE_DATA_FEED else prop


def _without(mapping: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}


class UnityCatalog:
    """All catalogs of one warehouse folder.

    Parameters
    ----------
    warehouse : Path
        The folder whose subfolders are the catalogs.
    """

    def __init__(self, warehouse: Path):
        self.warehouse = Path(warehouse).absolute()  # a link stays a link: see Home.at

    # ---- what is there -----------------------------------------------------------------------
    def catalogs(self) -> list[str]:
        return _folders(self.warehouse)

    def folder(self, catalog: str) -> Path:
        """Say where a catalog is, whether it exists or not."""
        return self.warehouse / catalog

    def schemas(self, catalog: str) -> list[str]:
        return _folders(self.folder(catalog))

    def tables(self, catalog: str, schema: str) -> list[TableName]:
        folder = self.folder(catalog) / schema
        return [
            TableName(catalog, schema, table)
            for table in _folders(folder)
            if (folder / table / "_delta_log").is_dir()
        ]

    def all_tables(self) -> Iterator[TableName]:
        for catalog in self.catalogs():
            for schema in self.schemas(catalog):
                yield from self.tables(catalog, schema)

    def readable_tables(self) -> Iterator[TableName]:
        """Give the tables that whoever asks may read: all of them, where nobody is refused."""
        return self.all_tables()

    def path(self, name: TableName) -> Path:
        return self.folder(name.catalog) / name.schema / name.table

    def exists(self, name: TableName) -> bool:
        return (self.path(name) / "_delta_log").is_dir()

    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        """Open a table.

        Raises
        ------
        NotFoundError
            If there is no such table; the message names what is there.
        """
        if not self.exists(name):
            self.require_schema(name.catalog, name.schema)
            there = ", ".join(t.table for t in self.tables(name.catalog, name.schema)) or "no table"
            raise NotFoundError(
                f"Table '{name}' does not exist. Schema '{name.catalog}.{name.schema}' has: {there}."
            )
        return UnityTable(name, self.path(name), version)

    def require_schema(self, catalog: str, schema: str) -> Path:
        if not self.folder(catalog).is_dir():
            raise NotFoundError(
                f"Catalog '{catalog}' does not exist. There are: {', '.join(self.catalogs())}."
            )
        folder = self.folder(catalog) / schema
        if not folder.is_dir():
            raise NotFoundError(
                f"Schema '{catalog}.{schema}' does not exist. "
                f"Create it first: CREATE SCHEMA {catalog}.{schema}."
            )
        return folder

    # ---- making and removing -------------------------------------------------------------------
    def create_catalog(self, catalog: str) -> None:
        if catalog.lower() == HIVE_METASTORE:
            raise UnityCatalogError(
                f"'{catalog}' is the name of each workspace's own metastore: take another name."
            )
        (self.warehouse / _valid(catalog, catalog)).mkdir(parents=True, exist_ok=True)

    def create_schema(self, catalog: str, schema: str) -> Path:
        if not self.folder(catalog).is_dir():
            raise NotFoundError(
                f"Catalog '{catalog}' does not exist. There are: {', '.join(self.catalogs())}."
            )
        folder = self.folder(catalog) / _valid(schema, f"{catalog}.{schema}")
        folder.mkdir(exist_ok=True)
        return folder

    def drop_table(self, name: TableName) -> None:
        """Remove the table and its files. It is gone in one step, then the files are deleted."""
        self._remove(self.table(name).path)

    def drop_schema(self, catalog: str, schema: str) -> None:
        self._remove(self.require_schema(catalog, schema))

    def drop_catalog(self, catalog: str) -> None:
        if catalog not in self.catalogs():
            raise NotFoundError(
                f"Catalog '{catalog}' does not exist. There are: {', '.join(self.catalogs())}."
            )
        self._remove(self.folder(catalog))

    def _remove(self, folder: Path) -> None:
        trash = folder.parent / f"{_TRASH}{uuid.uuid4().hex}"
        folder.rename(trash)
        shutil.rmtree(trash)

    @contextmanager
    def staged(self, name: TableName) -> Iterator[Path]:
        """Give a folder to write a new table into; it gets its name only when the block succeeds.

        Raises
        ------
        AlreadyExistsError
            If the table exists, before the block or by the time it ends.
        """
        schema = self.require_schema(name.catalog, name.schema)
        if self.exists(name):
            raise AlreadyExistsError(f"Table '{name}' already exists.")
        staging = schema / f"{_STAGING}{uuid.uuid4().hex}"
        try:
            yield staging
            try:
                staging.rename(self.path(name))
            except OSError as error:
                if self.exists(name):
                    raise AlreadyExistsError(f"Table '{name}' already exists.") from error
                raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    @contextmanager
    def locked(self, name: TableName) -> Iterator[None]:
        """Let one writer at a time change a table, among all processes of this machine."""
        locks = self.warehouse / ".locks"
        locks.mkdir(exist_ok=True)
        with FileLock(locks / f"{name}.lock"):
            yield

    def remove_leftovers(self, older_than_seconds: float = 24 * 3600.0) -> None:
        """Delete what a killed process left behind: unfinished and half-deleted tables."""
        for pattern in (f"*/*/{_STAGING}*", f"*/*/{_TRASH}*", f"*/{_TRASH}*", f"{_TRASH}*"):
            for leftover in self.warehouse.glob(pattern):
                age = time.time() - leftover.stat().st_mtime
                if leftover.name.startswith(_TRASH) or age > older_than_seconds:
                    shutil.rmtree(leftover, ignore_errors=True)


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(
        entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != "."
    )
