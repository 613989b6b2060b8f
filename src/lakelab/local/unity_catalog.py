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
import random
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from filelock import FileLock

from lakelab.local.delta_commit import Metadata, commit
from lakelab.local.leftovers import is_left, unfinished_name
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

_CHECK = "delta.constraints."
_COLUMN_MAPPING = "delta.columnmapping.mode"
_YES_OR_NO = frozenset(
    {"delta.appendonly", "delta.enabledeletionvectors", "delta.enablechangedatafeed"}
)
_NO_TAG_KEY = frozenset(".,-=/:")
_MOST_TAGS = 50

_STAGING = ".staging-"
_TRASH = ".trash-"


class UnityCatalogError(Exception):
    """A name or an object that Unity Catalog would refuse; the message says what to do.

    Parameters
    ----------
    message : str
        What is wrong.
    condition, sql_state : str, optional
        Under which error condition Databricks documents it, and its SQLSTATE:
        https://docs.databricks.com/aws/en/error-messages/error-classes
    """

    def __init__(self, message: str, *, condition: str | None = None, sql_state: str | None = None):
        super().__init__(message)
        self.condition = condition
        self.sql_state = sql_state


class NotFoundError(UnityCatalogError):
    """The catalog, schema or table does not exist."""


class AlreadyExistsError(UnityCatalogError):
    """The catalog, schema or table exists already."""


class DamagedTableError(UnityCatalogError, DeltaError):
    """The Delta log of a table cannot be read."""


@dataclass(frozen=True, order=True)
class TableName:
    """A three-level name, in lower case as Unity Catalog keeps it.

    Examples
    --------
    >>> TableName.parse("Weather", catalog="main", schema="flights")
    TableName(catalog='main', schema='flights', table='weather')
    >>> str(TableName.parse("main.flights.`air-port`"))
    'main.flights.air-port'
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
    if not re.fullmatch(r"[^./\\\x00-\x20\x7f]{1,255}", level):
        raise UnityCatalogError(
            f"'{name}' is not a valid name: '{level}' must have 1 to 255 characters, and no period, "
            "slash, space or control character.",
            condition="INVALID_PARAMETER_VALUE",
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


_ATTEMPTS = 50
"""How often a change of what a table says of itself is tried when other writers commit first."""


class UnityTable:
    """One table: its Delta log, and what Unity Catalog keeps beside the data."""

    def __init__(self, name: TableName, path: Path, version: int | None = None):
        self.name = name
        self.path = path
        try:
            self.delta = DeltaTable(path, version=version)
        except DeltaError as error:
            if version is not None:  # there may be no such version
                raise
            raise DamagedTableError(
                f"Table '{name}' cannot be read, its Delta log is damaged: {path / '_delta_log'} "
                f"({str(error).splitlines()[0][:300]}). Restore the folder from a copy, or remove the "
                f"table: DROP TABLE {name}."
            ) from error

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
        raise NotFoundError(
            f"Table '{self.name}' has no column '{column}'. It has: {names}.",
            condition="UNRESOLVED_COLUMN.WITH_SUGGESTION",
            sql_state="42703",
        )

    @property
    def checks(self) -> dict[str, str]:
        """The CHECK constraints: name and condition of each."""
        told = self.delta.metadata().configuration
        return {k.removeprefix(_CHECK): v for k, v in told.items() if k.startswith(_CHECK)}

    # ---- its files -----------------------------------------------------------------------------
    def optimize(self, zorder_by: Sequence[str] = ()) -> dict[str, Any]:
        """Pack small files into larger ones, in the order of columns where some are named.

        Returns
        -------
        dict
            delta-rs's metrics: ``numFilesAdded``, ``numFilesRemoved``, ``filesAdded`` and others.
        """
        optimizer = self.delta.optimize
        return optimizer.z_order(list(zorder_by)) if zorder_by else optimizer.compact()

    def vacuum(self, hours: float, *, dry_run: bool, full: bool = True) -> list[str]:
        """Delete the files that no version of the last hours needs, or name them in a dry run."""
        return self.delta.vacuum(
            int(hours), dry_run=dry_run, enforce_retention_duration=False, full=full
        )

    def restore(self, version: int) -> None:
        """Make a table what it was; its key and tags stay, as Unity Catalog keeps them elsewhere."""
        before = self.delta.metadata().configuration
        self.delta.restore(version)

        def keep_ours(new: Metadata) -> None:
            ours = {k: v for k, v in before.items() if k in OUR_PROPERTIES}
            new.configuration = {**_without(new.configuration, OUR_PROPERTIES), **ours}

        self._change("SET TBLPROPERTIES", keep_ours)

    # ---- what is said of it ----------------------------------------------------------------------

    def set_primary_key(self, key: PrimaryKey | None) -> None:
        """Declare the key, or drop it with None.

        Raises
        ------
        UnityCatalogError
            If a column is nullable, or there is a key already.
        """

        def set_it(new: Metadata) -> None:
            told = self._valid_key(key) if key else None
            new.configuration = _without(new.configuration, [PRIMARY_KEY])
            if told:
                new.configuration[PRIMARY_KEY] = told.to_json()

        self._change("ADD CONSTRAINT" if key else "DROP CONSTRAINT", set_it)

    def _valid_key(self, key: PrimaryKey) -> PrimaryKey:
        """Give the key with the columns' names as the table writes them."""
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
        return key

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Set properties as a user does with ``ALTER TABLE ... SET TBLPROPERTIES``.

        Raises
        ------
        UnityCatalogError
            If one is none that a table on a laptop can have.
        """
        require_known_properties(properties)
        kept = {kept_name(name): value for name, value in properties.items()}

        def set_them() -> None:
            # delta-rs looks at the values, and raises the protocol where one needs it
            self.delta.alter.set_table_properties(kept, raise_if_not_exists=False)

        try:
            self._insist(set_them)
        except CommitFailedError:
            raise
        except DeltaError as error:
            raise UnityCatalogError(
                f"The properties {kept} of table '{self.name}' cannot be set: {error}",
                condition="DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
                sql_state="0A000",
            ) from error

    def unset_properties(self, names: Iterable[str]) -> None:
        """Forget properties; those that are not there are passed over."""
        kept = {kept_name(name) for name in names}

        def forget(new: Metadata) -> None:
            new.configuration = _without(new.configuration, kept)

        self._change("UNSET TBLPROPERTIES", forget, {"properties": json.dumps(sorted(kept))})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags, those of other keys stay.

        Raises
        ------
        UnityCatalogError
            If a key or value is none, or there would be too many.
        """
        self._change_json(TAGS, lambda old: with_tags(old, tags))

    def unset_tags(self, keys: list[str]) -> None:
        self._change_json(TAGS, lambda old: _without(old, keys))

    def set_column_tags(self, column: str, tags: Mapping[str, str]) -> None:
        name = self.field(column)["name"]
        self._change_json(
            COLUMN_TAGS, lambda old: {**old, name: with_tags(old.get(name, {}), tags)}
        )

    def unset_column_tags(self, column: str, keys: list[str]) -> None:
        name = self.field(column)["name"]
        self._change_json(COLUMN_TAGS, lambda old: {**old, name: _without(old.get(name, {}), keys)})

    def set_comment(self, text: str | None) -> None:
        """Say what the table is about; None says nothing."""

        def describe(new: Metadata) -> None:
            new.description = text

        self._change("SET TBLPROPERTIES", describe, {"properties": json.dumps({"comment": text})})

    def set_column_comment(self, column: str, text: str | None) -> None:
        """Say what a column is about; None says nothing."""
        name = self.field(column)["name"]

        def describe(new: Metadata) -> None:
            told = new.field(name)
            told["metadata"] = _without(told["metadata"], ["comment"])
            if text is not None:
                told["metadata"]["comment"] = text

        self._change("CHANGE COLUMN", describe, {"column": name})

    def add_columns(self, fields: Sequence[dict[str, Any]], after: Sequence[str | None]) -> None:
        """Add columns, which are null in the rows that are there.

        Parameters
        ----------
        fields : sequence of dict
            The columns as the Delta log has them: name, type, nullable, metadata.
        after : sequence of str or None
            For each, the column that it comes after: "" puts it first, None last.

        Raises
        ------
        AlreadyExistsError
            If there is a column of that name.
        """

        def add(new: Metadata) -> None:
            for field, before in zip(fields, after, strict=True):
                names = [told["name"].lower() for told in new.fields]
                if field["name"].lower() in names:
                    raise AlreadyExistsError(
                        f"Cannot add column, because `{field['name']}` already exists in table "
                        f"'{self.name}'.",
                        condition="FIELD_ALREADY_EXISTS",
                        sql_state="42710",
                    )
                place = len(names) if before is None else 0
                if before:
                    place = names.index(self.field(before)["name"].lower()) + 1
                new.fields.insert(place, field)

        added = json.dumps([{"column": field} for field in fields])
        self._change("ADD COLUMNS", add, {"columns": added})

    def drop_check(self, name: str) -> None:
        """Drop a CHECK constraint."""

        def drop(new: Metadata) -> None:
            new.configuration = _without(new.configuration, [_CHECK + name])

        self._change("DROP CONSTRAINT", drop, {"name": name})

    def set_not_null(self, column: str) -> None:
        """Forbid nulls in a column, after checking that it has none.

        Raises
        ------
        UnityCatalogError
            If the column has nulls now.
        """
        name = self.field(column)["name"]

        def forbid(new: Metadata) -> None:
            rows = self.delta.to_pyarrow_dataset().to_batches(columns=[name])
            nulls = sum(batch.column(0).null_count for batch in rows)
            if nulls:
                raise UnityCatalogError(
                    f"Cannot set '{name}' of table '{self.name}' to NOT NULL: {nulls} of its rows "
                    f"have null there. Fill or delete them first.",
                    condition="DELTA_NEW_NOT_NULL_VIOLATION",
                    sql_state="23512",
                )
            new.field(name)["nullable"] = False

        self._change("CHANGE COLUMN", forbid, {"column": name, "nullable": "false"})

    def allow_null(self, column: str) -> None:
        """Allow nulls in a column again."""
        name = self.field(column)["name"]

        def allow(new: Metadata) -> None:
            new.field(name)["nullable"] = True

        self._change("CHANGE COLUMN", allow, {"column": name, "nullable": "true"})

    def lift_constraints(self) -> None:
        """Allow nulls in all columns, and forget the CHECK constraints."""

        def lift(new: Metadata) -> None:
            for field in new.fields:
                field["nullable"] = True
            checks = [name for name in new.configuration if name.startswith(_CHECK)]
            new.configuration = _without(new.configuration, checks)

        self._change("DROP CONSTRAINT", lift)

    def set_constraints(self, not_null: Sequence[str], checks: Mapping[str, str]) -> None:
        """Set what `lift_constraints` lifted; the rows have not changed meanwhile."""

        def set_them(new: Metadata) -> None:
            for name in not_null:
                new.field(name)["nullable"] = False
            new.configuration |= {_CHECK + name: check for name, check in checks.items()}

        self._change("ADD CONSTRAINT", set_them)

    def replace_metadata(
        self, description: str | None, configuration: Mapping[str, str], operation: str
    ) -> None:
        """Give the table another comment and other properties, ours among them."""

        def replace(new: Metadata) -> None:
            new.description, new.configuration = description, dict(configuration)

        self._change(operation, replace)

    def _change_json(
        self, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]
    ) -> None:
        """Change one of our properties, whose value is JSON."""

        def set_it(new: Metadata) -> None:
            old = json.loads(new.configuration.get(name) or "{}")
            new.configuration[name] = json.dumps(change(old))

        self._change("SET TBLPROPERTIES", set_it, {"properties": json.dumps([name])})

    def _change(
        self,
        operation: str,
        change: Callable[[Metadata], None],
        parameters: dict[str, str] | None = None,
    ) -> None:
        """Commit what is said of the table, changed as it is by then."""

        def commit_it() -> None:
            new = Metadata.of(self.delta)
            change(new)
            if new != Metadata.of(self.delta):
                commit(self.delta, self.path, operation, [new.action()], parameters=parameters)
                self.delta.update_incremental()

        self.delta.update_incremental()
        self._insist(commit_it)

    def _insist(self, change: Callable[[], None]) -> None:
        """Change what a table says of itself anew where another writer was first.

        Unity Catalog keeps tags, comments and keys beside the table: two notebooks that set some at once
        do not fail there.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                return change()
            except CommitFailedError:
                time.sleep(random.uniform(0, 0.01 * attempt))  # let the others through
                self.delta.update_incremental()
        return change()


def require_known_properties(properties: Mapping[str, str]) -> None:
    """Refuse the properties that a table on a laptop cannot have.

    Raises
    ------
    UnityCatalogError
        For column mapping: the local libraries could not read the table any more. And for a value
        that is none.
    """
    for name, value in properties.items():
        if name.lower() in _YES_OR_NO and value.lower() not in ("true", "false"):
            raise UnityCatalogError(
                f"'{name}' = '{value}' cannot be set: expected true or false.",
                condition="DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
                sql_state="0A000",
            )
    mode = next((v for k, v in properties.items() if k.lower() == _COLUMN_MAPPING), "none")
    if mode.lower() != "none":
        raise UnityCatalogError(
            f"Column mapping ('delta.columnMapping.mode' = '{mode}') is not supported on a laptop: the "
            f"local Delta library could not read the table any more. It works on Databricks.",
            condition="DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
            sql_state="0AKDC",
        )


def kept_name(prop: str) -> str:
    """Say under which name a property of a table is kept.

    Examples
    --------
    >>> kept_name("delta.enableChangeDataFeed"), kept_name("delta.appendOnly")
    ('uc.changeDataFeed', 'delta.appendOnly')
    """
    return _KEPT_AS if prop == CHANGE_DATA_FEED else prop


def with_tags(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Add tags to those of an object, within the limits that Unity Catalog documents.

    Follows https://docs.databricks.com/aws/en/database-objects/tags

    Raises
    ------
    UnityCatalogError
        If a key or value is none, or there would be too many.

    Examples
    --------
    >>> with_tags({"team": "ops"}, {"team": "ml", "reviewed": ""})
    {'team': 'ml', 'reviewed': ''}
    """
    for key, value in new.items():
        if not key or len(key) > 255 or len(value) > 1000 or set(key) & _NO_TAG_KEY:
            raise UnityCatalogError(
                f"'{key}' = '{value}' is not a valid tag: a key has 1 to 255 characters, none of "
                f"{' '.join(sorted(_NO_TAG_KEY))}, and a value at most 1,000.",
                condition="INVALID_PARAMETER_VALUE",
            )
    tags = {**old, **new}
    if len(tags) > _MOST_TAGS:
        raise UnityCatalogError(
            f"{len(tags)} tags are too many: an object can have at most {_MOST_TAGS}. Unset some "
            f"first.",
            condition="INVALID_PARAMETER_VALUE",
        )
    return tags


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
            if _has_commits(folder / table)
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
        return _has_commits(self.path(name))

    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        """Open a table.

        Raises
        ------
        NotFoundError
            If there is no such table; the message names what is there.
        """
        self.require_table(name)
        return UnityTable(name, self.path(name), version)

    def require_table(self, name: TableName) -> None:
        if not self.exists(name):
            self.require_schema(name.catalog, name.schema)
            there = ", ".join(t.table for t in self.tables(name.catalog, name.schema)) or "no table"
            raise NotFoundError(
                f"Table '{name}' does not exist. Schema '{name.catalog}.{name.schema}' has: {there}.",
                condition="TABLE_OR_VIEW_NOT_FOUND",
                sql_state="42P01",
            )

    def require_catalog(self, catalog: str) -> None:
        if not self.folder(catalog).is_dir():
            raise NotFoundError(
                f"Catalog '{catalog}' does not exist. There are: {', '.join(self.catalogs())}.",
                condition="NO_SUCH_CATALOG_EXCEPTION",
                sql_state="42704",
            )

    def require_schema(self, catalog: str, schema: str) -> Path:
        self.require_catalog(catalog)
        folder = self.folder(catalog) / schema
        if not folder.is_dir():
            raise NotFoundError(
                f"Schema '{catalog}.{schema}' does not exist. "
                f"Create it first: CREATE SCHEMA {catalog}.{schema}.",
                condition="SCHEMA_NOT_FOUND",
                sql_state="42704",
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
        self.require_catalog(catalog)
        folder = self.folder(catalog) / _valid(schema, f"{catalog}.{schema}")
        folder.mkdir(exist_ok=True)
        return folder

    def drop_table(self, name: TableName) -> None:
        """Remove the table and its files. It is gone in one step, then the files are deleted."""
        if not self.exists(name):
            self.table(name)  # says what is there instead
        # not opened: a table whose log is broken can be dropped, too
        with self.locked(name):
            self._remove(self.path(name), NotFoundError(f"Table '{name}' does not exist."))

    def drop_schema(self, catalog: str, schema: str) -> None:
        gone = NotFoundError(f"Schema '{catalog}.{schema}' does not exist.")
        self._remove(self.require_schema(catalog, schema), gone)

    def drop_catalog(self, catalog: str) -> None:
        self.require_catalog(catalog)
        gone = NotFoundError(f"Catalog '{catalog}' does not exist.")
        self._remove(self.folder(catalog), gone)

    def _remove(self, folder: Path, gone: NotFoundError) -> None:
        trash = folder.parent / f"{_TRASH}{uuid.uuid4().hex}"
        try:
            folder.rename(trash)
        except FileNotFoundError as error:  # another notebook was first
            raise gone from error
        # the start of another notebook clears the trash as well
        shutil.rmtree(trash, ignore_errors=True)

    @contextmanager
    def staged(self, name: TableName) -> Iterator[Path]:
        """Give a folder to write a new table into; it gets its name only when the block succeeds.

        Raises
        ------
        AlreadyExistsError
            If the table exists, before the block or by the time it ends.
        UnityCatalogError
            If something else is in its place.
        """
        schema = self.require_schema(name.catalog, name.schema)
        if self.exists(name):
            raise exists_already(name)
        staging = schema / f"{_STAGING}{unfinished_name()}"
        try:
            yield staging
            try:
                staging.rename(self.path(name))
            except OSError as error:
                if self.exists(name):
                    raise exists_already(name) from error
                if (place := self.path(name)).exists():
                    raise UnityCatalogError(
                        f"Table '{name}' cannot be made: {place} is there, and is no Delta table. Move "
                        f"it away, or delete it."
                    ) from error
                raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    @contextmanager
    def locked(self, name: TableName) -> Iterator[None]:
        """Let one writer at a time change a table, among all processes of this machine."""
        locks = self.warehouse / ".locks"
        locks.mkdir(exist_ok=True)
        # three levels may be longer than a file's name can be
        told = (
            str(name) if len(str(name).encode()) < 200 else sha256(str(name).encode()).hexdigest()
        )
        # a singleton: whoever has the lock may ask for it once more, to drop the table for example
        with FileLock(locks / f"{told}.lock", poll_interval=0.01, is_singleton=True):
            yield

    def remove_leftovers(self) -> None:
        """Delete what a killed process left behind: unfinished and half-deleted tables."""
        for pattern in (f"*/*/{_TRASH}*", f"*/{_TRASH}*", f"{_TRASH}*"):
            for trash in self.warehouse.glob(pattern):
                shutil.rmtree(trash, ignore_errors=True)
        for staging in filter(is_left, self.warehouse.glob(f"*/*/{_STAGING}*")):
            shutil.rmtree(staging, ignore_errors=True)
        for draft in filter(is_left, self.warehouse.glob("*/*/*/_delta_log/.*.tmp")):
            with suppress(OSError):
                draft.unlink()


def exists_already(name: TableName) -> AlreadyExistsError:
    """Say that a table cannot be made, as there is one of that name."""
    return AlreadyExistsError(
        f"Table '{name}' already exists.",
        condition="TABLE_OR_VIEW_ALREADY_EXISTS",
        sql_state="42P07",
    )


def _folders(folder: Path) -> list[str]:
    try:
        found = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    with found:
        return sorted(entry.name for entry in found if _is_a_name(entry.name) and entry.is_dir())


def _is_a_name(folder: str) -> bool:
    """Tell the folder of a catalog, schema or table from one that something else has put there."""
    return (
        folder == folder.lower()
        and re.fullmatch(r"[^./\\`\"\x00-\x20\x7f][^./\\`\"\x00-\x1f\x7f]*", folder) is not None
    )


def _has_commits(folder: Path) -> bool:
    """Tell a table from a folder in which the making of one was broken off, or has just begun."""
    log = folder / "_delta_log"
    if (log / f"{0:020}.json").exists():
        return True
    try:  # old commits are cleared where a checkpoint stands for them
        return any(re.fullmatch(r"\d{20}\.(json|checkpoint\..+)", n) for n in os.listdir(log))
    except (FileNotFoundError, NotADirectoryError):
        return False
