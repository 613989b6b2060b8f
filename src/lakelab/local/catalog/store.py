"""The tables of Unity Catalog, kept as Delta folders: ``warehouse/catalog/schema/table/<id>``.

The folder tree is the catalog: every process that lists the folder sees the same catalogs, schemas and
tables. What Unity Catalog knows about a table beside its data is in the table's own Delta log: the
comment is the Delta description, column comments are in the schema, and primary key and tags are table
properties. So the catalog and the data cannot disagree.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.names import HIVE_METASTORE, TableName, valid_name
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.table_folder import (
    find_table_folder,
    has_commits,
    is_interrupted,
    new_table_folder,
)
from lakelab.local.system.unfinished import is_abandoned, unfinished_name

VIEWS = ".views"
"""The folder of a schema with the files of its views."""

_STAGING = ".staging-"
_TRASH = ".trash-"
_NOT_IN_A_FOLDER = frozenset('./\\`"\x7f')
_MAX_LOCK_NAME = 200
"""Bytes. The three levels of a name may be longer than the name of a file can be."""


class UnityCatalog:
    """The catalogs, schemas and tables of one warehouse folder.

    Parameters
    ----------
    warehouse : Path
        The folder whose subfolders are the catalogs.
    """

    def __init__(self, warehouse: Path):
        self.warehouse = Path(warehouse).absolute()  # a link stays a link: see Home.at
        self._found: dict[Path, Path] = {}

    # ---- read ---------------------------------------------------------------------------------
    def catalogs(self) -> list[str]:
        return _folders(self.warehouse)

    def folder(self, catalog: str) -> Path:
        """Return the folder of a catalog, whether it exists or not."""
        return self.warehouse / catalog

    def schemas(self, catalog: str) -> list[str]:
        return _folders(self.folder(catalog))

    def tables(self, catalog: str, schema: str) -> list[TableName]:
        names = (TableName(catalog, schema, t) for t in _folders(self.folder(catalog) / schema))
        return [name for name in names if self.exists(name)]

    def all_tables(self) -> Iterator[TableName]:
        for catalog in self.catalogs():
            for schema in self.schemas(catalog):
                yield from self.tables(catalog, schema)

    def views(self, catalog: str, schema: str) -> list[TableName]:
        """List the views of a schema, in order (see :mod:`lakelab.local.catalog.views`)."""
        folder = self.folder(catalog) / schema / VIEWS
        return sorted(TableName(catalog, schema, file.stem) for file in folder.glob("*.json"))

    def all_views(self) -> Iterator[TableName]:
        for catalog in self.catalogs():
            for schema in self.schemas(catalog):
                yield from self.views(catalog, schema)

    def view_path(self, name: TableName) -> Path:
        """Return the path of a view's file, whether it exists or not."""
        return self.folder(name.catalog) / name.schema / VIEWS / f"{name.table}.json"

    def is_view(self, name: TableName) -> bool:
        return os.path.isfile(self.view_path(name))  # False for a name that no file can have

    def readable_tables(self) -> Iterator[TableName]:
        """Return the tables that the user may read; here all tables."""
        return self.all_tables()

    def readable_views(self) -> Iterator[TableName]:
        """Return the views that the user may read; here all views."""
        return self.all_views()

    def path(self, name: TableName) -> Path:
        """Return the folder of a table's files; the folder of its name if there is no such table."""
        named = self._named_folder(name)
        return self._find(named) or named

    def exists(self, name: TableName) -> bool:
        return self._find(self._named_folder(name)) is not None

    def _named_folder(self, name: TableName) -> Path:
        return self.folder(name.catalog) / name.schema / name.table

    def _find(self, named: Path) -> Path | None:
        # the folder that was found last is looked at first: no other table ever has its id
        last = self._found.get(named)
        if last is not None and has_commits(last):
            return last
        found = find_table_folder(named)
        if found is not None:
            self._found[named] = found
        return found

    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        """Open a table.

        Raises
        ------
        NotFoundError
            If there is no such table; the message lists the existing tables.
        """
        self.require_table(name)
        return UnityTable(name, self.path(name), version)

    def require_table(self, name: TableName) -> None:
        """Check that a table exists.

        Raises
        ------
        NotFoundError
            If there is no such table; the message lists the existing tables.
        """
        if not self.exists(name):
            if self.is_view(name):
                raise not_a_table(name)
            self.require_schema(name.catalog, name.schema)
            tables = self.tables(name.catalog, name.schema)
            existing = ", ".join(table.table for table in tables) or "no table"
            raise NotFoundError(
                f"Table '{name}' does not exist. Schema '{name.catalog}.{name.schema}' has: {existing}.",
                condition=conditions.TABLE_OR_VIEW_NOT_FOUND,
            )

    def require_catalog(self, catalog: str) -> None:
        """Check that a catalog exists.

        Raises
        ------
        NotFoundError
            If there is no such catalog; the message lists the existing catalogs.
        """
        if not self.folder(catalog).is_dir():
            raise NotFoundError(
                f"Catalog '{catalog}' does not exist. There are: {', '.join(self.catalogs())}.",
                condition=conditions.NO_SUCH_CATALOG_EXCEPTION,
            )

    def require_schema(self, catalog: str, schema: str) -> Path:
        """Check that a schema exists, and return its folder.

        Raises
        ------
        NotFoundError
            If there is no such catalog or schema.
        """
        self.require_catalog(catalog)
        folder = self.folder(catalog) / schema
        if not folder.is_dir():
            raise NotFoundError(
                f"Schema '{catalog}.{schema}' does not exist. "
                f"Create it first: CREATE SCHEMA {catalog}.{schema}.",
                condition=conditions.SCHEMA_NOT_FOUND,
            )
        return folder

    # ---- create and drop -----------------------------------------------------------------------
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
        """Drop a table: it disappears in one step, then its files are deleted."""
        if not self.exists(name):
            self.require_table(name)
        # not opened, so that a table with a damaged log can be dropped, too
        with self.locked(name):
            missing = NotFoundError(f"Table '{name}' does not exist.")
            self._remove(self._named_folder(name), missing)

    def rename_table(self, name: TableName, new: TableName) -> None:
        """Rename a table within its schema, in one step.

        Raises
        ------
        UnityCatalogError
            If there is no such table, the new name is taken, or the new name is in another schema.
        """
        self.require_table(name)
        if (name.catalog, name.schema) != (new.catalog, new.schema):
            raise UnityCatalogError(
                f"Table '{name}' cannot become '{new}': a table is renamed within its schema. Write a "
                f"table there: CREATE TABLE {new} AS SELECT * FROM {name}."
            )
        valid_name(new.table, str(new))
        first, second = sorted(
            (name, new), key=str
        )  # one order for all: two renames that swap names cannot deadlock
        with self.locked(first), self.locked(second):
            if self.exists(new) or self.is_view(new):
                raise table_already_exists(new)
            self._move(self._named_folder(name), name, new)

    def _move(self, folder: Path, name: TableName, new: TableName) -> None:
        target = self._named_folder(new)
        with suppress(OSError):
            target.rmdir()  # a killed process may have left it empty
        if target.exists():
            raise _folder_is_taken(new, target)
        if has_commits(folder):
            # a table of the first version gets a folder of its own: a dropped table may have had the new path
            target.mkdir()
            target = new_table_folder(target)
        try:
            folder.rename(target)
        except FileNotFoundError as error:  # another notebook was first
            raise NotFoundError(f"Table '{name}' does not exist.") from error

    def drop_schema(self, catalog: str, schema: str) -> None:
        missing = NotFoundError(f"Schema '{catalog}.{schema}' does not exist.")
        self._remove(self.require_schema(catalog, schema), missing)

    def drop_catalog(self, catalog: str) -> None:
        self.require_catalog(catalog)
        missing = NotFoundError(f"Catalog '{catalog}' does not exist.")
        self._remove(self.folder(catalog), missing)

    def _remove(self, folder: Path, missing: NotFoundError) -> None:
        trash = folder.parent / f"{_TRASH}{uuid.uuid4().hex}"
        try:
            folder.rename(trash)
        except FileNotFoundError as error:  # another notebook was first
            raise missing from error
        # the next start of a notebook deletes what is left of the trash
        shutil.rmtree(trash, ignore_errors=True)

    @contextmanager
    def staged(self, name: TableName) -> Iterator[Path]:
        """Return a folder to write a new table into; the table appears only if the block succeeds.

        Raises
        ------
        AlreadyExistsError
            If the table exists, before the block or at its end.
        UnityCatalogError
            If the table's folder exists, but is no Delta table.
        """
        schema = self.require_schema(name.catalog, name.schema)
        if self.exists(name) or self.is_view(name):
            raise table_already_exists(name)
        staging = schema / f"{_STAGING}{unfinished_name()}"
        try:
            folder = new_table_folder(staging)
            yield folder
            with self.locked(name):
                self._publish(folder, name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _publish(self, staged: Path, name: TableName) -> None:
        """Rename the folder of a staged table, or the one around it: the table appears in one step."""
        if self.exists(name) or self.is_view(name):
            raise table_already_exists(name)
        folder = self._named_folder(name)
        with suppress(OSError):
            folder.rmdir()  # a killed process may have left it empty
        if is_interrupted(folder):
            staged.rename(folder / staged.name)
        elif folder.exists():
            raise _folder_is_taken(name, folder)
        else:
            staged.parent.rename(folder)

    @contextmanager
    def locked(self, name: TableName) -> Iterator[None]:
        """Lock a table, so that one writer at a time among all processes of this machine changes it."""
        locks = self.warehouse / ".locks"
        locks.mkdir(exist_ok=True)
        file = str(name)
        if len(file.encode()) >= _MAX_LOCK_NAME:
            file = sha256(file.encode()).hexdigest()
        # a singleton: the holder of the lock may take it again, to drop the table for example
        with FileLock(locks / f"{file}.lock", poll_interval=0.01, is_singleton=True):
            yield

    def remove_unfinished(self) -> None:
        """Delete the unfinished and half-deleted tables that a killed process left behind."""
        for pattern in (f"*/*/{_TRASH}*", f"*/{_TRASH}*", f"{_TRASH}*"):
            for trash in self.warehouse.glob(pattern):
                shutil.rmtree(trash, ignore_errors=True)
        for staging in filter(is_abandoned, self.warehouse.glob(f"*/*/{_STAGING}*")):
            shutil.rmtree(staging, ignore_errors=True)
        for pattern in ("*/*/*/_delta_log/.*.tmp", "*/*/*/*/_delta_log/.*.tmp"):
            for draft in filter(is_abandoned, self.warehouse.glob(pattern)):
                with suppress(OSError):
                    draft.unlink()


def table_already_exists(name: TableName) -> AlreadyExistsError:
    """Return the error for a new table whose name is taken."""
    return AlreadyExistsError(
        f"Table '{name}' already exists.",
        condition=conditions.TABLE_OR_VIEW_ALREADY_EXISTS,
    )


def not_a_table(name: TableName, command: str = "The statement") -> UnityCatalogError:
    """Return the error for a view in the place of a table."""
    return UnityCatalogError(
        f"{command} expects a table but {name.quoted} is a view.",
        condition=conditions.EXPECT_TABLE_NOT_VIEW.sub("NO_ALTERNATIVE"),
    )


def _folder_is_taken(name: TableName, folder: Path) -> UnityCatalogError:
    return UnityCatalogError(
        f"Table '{name}' cannot be made: {folder} is there, and is no Delta table. Move it away, or delete it."
    )


def _folders(folder: Path) -> list[str]:
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    with entries:
        return sorted(entry.name for entry in entries if _is_name(entry.name) and entry.is_dir())


def _is_name(folder: str) -> bool:
    """Return whether a folder can be a catalog, schema or table; other programs create folders, too."""
    return (
        folder == folder.lower()
        and folder[:1] not in ("", " ")
        and not any(c in _NOT_IN_A_FOLDER or ord(c) < ord(" ") for c in folder)
    )
