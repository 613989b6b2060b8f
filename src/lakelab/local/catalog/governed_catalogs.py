"""What one user may do with the tables of Unity Catalog, in a Spark session of their own.

Tables that the user may not read are never registered with the engine: no statement can reach them,
however it is written. What the engine would answer then, that there is no such table, is said before
in Databricks' words. The administrator's session needs none of this.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lakelab.local.catalog.errors import (
    ApiError,
    UnityCatalogError,
    insufficient_permissions,
)
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs


def require_privilege(
    governance: Governance, user: str, securable: Securable, *one_of: str
) -> None:
    """Refuse a user who lacks all of the privileges; the owner lacks none, and hive_metastore asks for none.

    Raises
    ------
    InsufficientPermissionsError
    """
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        return
    try:
        governance.require(user, securable, *one_of)
    except ApiError as error:
        raise insufficient_permissions(error.message) from error


class GovernedCatalogs(WorkspaceCatalogs):
    """The catalogs of a workspace, as one of its users may use them.

    Reading wants ``SELECT``, changing rows ``MODIFY``, each with ``USE CATALOG`` and ``USE SCHEMA``;
    all else wants ownership or ``MANAGE``. In ``hive_metastore`` nobody is refused. New tables of other
    users than the administrator are made there only: on Databricks ``CREATE TABLE`` is enough.

    Parameters
    ----------
    warehouse, own : Path
        As for `WorkspaceCatalogs`.
    governance : Governance
        Owners and grants.
    user : str
        Whose session it is.
    """

    def __init__(self, warehouse: Path, own: Path, governance: Governance, user: str):
        super().__init__(warehouse, own, governance)
        self.user = user

    # ---- questions -------------------------------------------------------------------------------
    def readable_tables(self) -> Iterator[TableName]:
        return (name for name in self.all_tables() if self.may_read(name))

    def may_read(self, name: TableName) -> bool:
        return name.catalog == HIVE_METASTORE or self.governance.may(
            self.user, Securable("table", str(name)), "SELECT"
        )

    def require(self, kind: str, name: str, *one_of: str) -> None:
        """Refuse the user who lacks all of the privileges; the owner lacks none.

        Raises
        ------
        InsufficientPermissionsError
        """
        require_privilege(self.governance, self.user, Securable(kind, name), *one_of)

    def require_read(self, name: TableName) -> None:
        """Refuse to read a table that is there; whether one is there the engine says."""
        if self.exists(name):
            self.require("table", str(name), "SELECT")

    def require_change(self, name: TableName) -> None:
        """Refuse to change the rows of a table, or to make one."""
        if name.catalog == HIVE_METASTORE:
            return
        if self.exists(name):
            self.require("table", str(name), "MODIFY")
            return
        self.require("schema", f"{name.catalog}.{name.schema}", "CREATE_TABLE")
        raise UnityCatalogError(
            f"On a laptop {self.user} makes tables in {HIVE_METASTORE} only, so '{name}' is not made. "
            f"On Databricks CREATE TABLE on the schema is enough, and {self.user} owns the table."
        )

    # ---- what the statements of Unity Catalog go through -------------------------------------------
    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        table = super().table(name, version)
        if name.catalog == HIVE_METASTORE:
            return table
        self.require("table", str(name), "SELECT", "BROWSE", "MODIFY")
        return GovernedTable(name, table.path, version, partial(self.require, "table", str(name)))

    def _owned(self, kind: str, name: str) -> None:
        self.require(kind, name)

    def create_catalog(self, catalog: str) -> None:
        if catalog not in self.catalogs():
            raise insufficient_permissions(
                "User does not have CREATE CATALOG on Metastore 'local'."
            )

    def create_schema(self, catalog: str, schema: str) -> Path:
        if catalog in self.catalogs() and schema not in self.schemas(catalog):
            self._owned("catalog", catalog)
        return super().create_schema(catalog, schema)

    def drop_table(self, name: TableName) -> None:
        self._owned("table", str(name))
        super().drop_table(name)

    def rename_table(self, name: TableName, new: TableName) -> None:
        self._owned("table", str(name))
        super().rename_table(name, new)

    def drop_schema(self, catalog: str, schema: str) -> None:
        self._owned("schema", f"{catalog}.{schema}")
        super().drop_schema(catalog, schema)

    def drop_catalog(self, catalog: str) -> None:
        self._owned("catalog", catalog)
        super().drop_catalog(catalog)


class GovernedTable(UnityTable):
    """A table that a user may see, and change only as its owner.

    For files, columns and properties ``MODIFY`` is enough, for tags ``APPLY TAG``, as Databricks
    documents it.
    """

    def __init__(
        self, name: TableName, path: Path, version: int | None, require: Callable[..., None]
    ):
        super().__init__(name, path, version)
        self._require = require
        self._granted = False

    def optimize(self, zorder_by: Sequence[str] = ()) -> dict[str, Any]:
        self._require("MODIFY")
        return super().optimize(zorder_by)

    def vacuum(self, hours: float, *, dry_run: bool, full: bool = True) -> list[str]:
        self._require("MODIFY")
        return super().vacuum(hours, dry_run=dry_run, full=full)

    def restore(self, version: int) -> None:
        with self._with("MODIFY"):
            super().restore(version)

    def add_columns(self, fields: Sequence[dict[str, Any]], after: Sequence[str | None]) -> None:
        with self._with("MODIFY"):
            super().add_columns(fields, after)

    def drop_columns(self, names: Sequence[str]) -> None:
        with self._with("MODIFY"):
            super().drop_columns(names)

    def change_tags(self, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        with self._with("APPLY_TAG"):
            super().change_tags(name, change)

    def set_properties(self, properties: Mapping[str, str]) -> None:
        with self._with("MODIFY"):
            super().set_properties(properties)

    def unset_properties(self, names: Iterable[str]) -> None:
        with self._with("MODIFY"):
            super().unset_properties(names)

    def set_not_null(self, column: str) -> None:
        with self._with("MODIFY"):
            super().set_not_null(column)

    def drop_not_null(self, column: str) -> None:
        with self._with("MODIFY"):
            super().drop_not_null(column)

    def set_default(self, column: str, expression: str | None) -> None:
        with self._with("MODIFY"):
            super().set_default(column, expression)

    def set_column_comment(self, column: str, text: str | None) -> None:
        with self._with("MODIFY"):
            super().set_column_comment(column, text)

    def commit_with_retries(self, attempt: Callable[[], None]) -> None:
        """Change what is said of the table: this is what all changes but those of files go through."""
        if not self._granted:
            self._require()
        super().commit_with_retries(attempt)

    @contextmanager
    def _with(self, privilege: str) -> Iterator[None]:
        """Let a change pass for which a privilege is enough."""
        self._require(privilege)
        self._granted = True
        try:
            yield
        finally:
            self._granted = False
