"""The tables of Unity Catalog, kept as Delta folders: ``warehouse/catalog/schema/table``.

The folder tree is the catalog: whoever can list the folder sees the same catalogs, schemas and
tables, in this process or another. What Unity Catalog knows about a table beside its data lives in
the table's own Delta log: the comment is the Delta description, column comments are in the schema,
and primary key and tags are table properties. Nothing can get out of step.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.names import HIVE_METASTORE, TableName, valid_name
from lakelab.local.catalog.table import UnityTable
from lakelab.local.system.unfinished import is_abandoned, unfinished_name

_STAGING = ".staging-"
_TRASH = ".trash-"


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
        (self.warehouse / valid_name(catalog, catalog)).mkdir(parents=True, exist_ok=True)

    def create_schema(self, catalog: str, schema: str) -> Path:
        self.require_catalog(catalog)
        folder = self.folder(catalog) / valid_name(schema, f"{catalog}.{schema}")
        folder.mkdir(exist_ok=True)
        return folder

    def drop_table(self, name: TableName) -> None:
        """Remove the table and its files. It is gone in one step, then the files are deleted."""
        if not self.exists(name):
            self.table(name)  # says what is there instead
        # not opened: a table whose log is broken can be dropped, too
        with self.locked(name):
            self._remove(self.path(name), NotFoundError(f"Table '{name}' does not exist."))

    def rename_table(self, name: TableName, new: TableName) -> None:
        """Give a table another name within its schema, in one step.

        Raises
        ------
        UnityCatalogError
            If there is no such table, one of the new name, or the new name is of another schema.
        """
        self.require_table(name)
        if (name.catalog, name.schema) != (new.catalog, new.schema):
            raise UnityCatalogError(
                f"Table '{name}' cannot become '{new}': a table is renamed within its schema. Write a "
                f"table there: CREATE TABLE {new} AS SELECT * FROM {name}."
            )
        valid_name(new.table, str(new))
        first, second = sorted((name, new), key=str)  # two that swap names wait, and do not hang
        with self.locked(first), self.locked(second):
            if self.exists(new):
                raise table_already_exists(new)
            try:
                self.path(name).rename(self.path(new))
            except FileNotFoundError as error:  # another notebook was first
                raise NotFoundError(f"Table '{name}' does not exist.") from error

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
            raise table_already_exists(name)
        staging = schema / f"{_STAGING}{unfinished_name()}"
        try:
            yield staging
            try:
                staging.rename(self.path(name))
            except OSError as error:
                if self.exists(name):
                    raise table_already_exists(name) from error
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

    def remove_unfinished(self) -> None:
        """Delete what a killed process left behind: unfinished and half-deleted tables."""
        for pattern in (f"*/*/{_TRASH}*", f"*/{_TRASH}*", f"{_TRASH}*"):
            for trash in self.warehouse.glob(pattern):
                shutil.rmtree(trash, ignore_errors=True)
        for staging in filter(is_abandoned, self.warehouse.glob(f"*/*/{_STAGING}*")):
            shutil.rmtree(staging, ignore_errors=True)
        for draft in filter(is_abandoned, self.warehouse.glob("*/*/*/_delta_log/.*.tmp")):
            with suppress(OSError):
                draft.unlink()


def table_already_exists(name: TableName) -> AlreadyExistsError:
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
