"""The catalogs and tables as one user may use them, in that user's own Spark session.

Tables that the user may not read are never registered with the engine: no statement can reach these
tables, however it is written. The engine would answer that there is no such table; so the privileges are
checked before, with the error of Databricks. The administrator's session needs no check.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lakelab.local.catalog.errors import (
    UnityCatalogError,
)
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs


def require_privilege(
    governance: Governance, user: str, securable: Securable, *one_of: str
) -> None:
    """Check that a user has one of the privileges; an owner has all, and hive_metastore needs none.

    Raises
    ------
    InsufficientPermissionsError
        If the user has none of the privileges.
    """
    if securable.name.partition(".")[0] != HIVE_METASTORE:
        governance.require(user, securable, *one_of)


class GovernedCatalogs(WorkspaceCatalogs):
    """The catalogs of a workspace, as one of its users may use them.

    Reading a table needs ``SELECT``, changing rows ``MODIFY``, each with ``USE CATALOG`` and
    ``USE SCHEMA``; all else needs ownership or ``MANAGE``. In ``hive_metastore`` everything is allowed.
    Users other than the administrator create tables there only: on Databricks ``CREATE TABLE`` is enough.

    Parameters
    ----------
    warehouse, own : Path
        As for `WorkspaceCatalogs`.
    governance : Governance
        Owners and grants.
    user : str
        The user of the session.
    """

    def __init__(self, warehouse: Path, own: Path, governance: Governance, user: str):
        super().__init__(warehouse, own, governance)
        self.user = user

    # ---- checks ----------------------------------------------------------------------------------
    def readable_tables(self) -> Iterator[TableName]:
        """Return the tables that the user may read."""
        return (name for name in self.all_tables() if self.may_read(name))

    def readable_views(self) -> Iterator[TableName]:
        """Return the views that the user may read."""
        return (name for name in self.all_views() if self.may_read(name))

    def may_read(self, name: TableName) -> bool:
        """Return whether the user may read a table."""
        return name.catalog == HIVE_METASTORE or self.governance.may(
            self.user, Securable("table", str(name)), "SELECT"
        )

    def require(self, kind: str, name: str, *one_of: str) -> None:
        """Check that the user has one of the privileges; an owner has all.

        Raises
        ------
        InsufficientPermissionsError
            If the user has none of the privileges.
        """
        require_privilege(self.governance, self.user, Securable(kind, name), *one_of)

    def require_read(self, name: TableName) -> None:
        """Check that the user may read a table; the engine reports a table that does not exist.

        Raises
        ------
        InsufficientPermissionsError
            If the user may not read the table.
        """
        if self.exists(name) or self.is_view(name):
            self.require("table", str(name), "SELECT")

    def require_change(self, name: TableName) -> None:
        """Check that the user may change the rows of a table, or create the table.

        Raises
        ------
        UnityCatalogError
            If the user lacks the privilege, or would create a table outside ``hive_metastore``.
        """
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

    # ---- the methods that statements call ----------------------------------------------------------
    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        table = super().table(name, version)
        if name.catalog == HIVE_METASTORE:
            return table
        self.require("table", str(name), "SELECT", "BROWSE", "MODIFY")
        return GovernedTable(name, table.path, version, partial(self.require, "table", str(name)))


class GovernedTable(UnityTable):
    """A table that a user may see, and that its owner may change.

    As Databricks documents, ``MODIFY`` is enough for files, columns, column comments and properties, and
    ``APPLY TAG`` for tags.

    Parameters
    ----------
    name, path, version
        As for `UnityTable`.
    require : callable
        Checks that the user has one of the privileges that it is called with, or owns the table.
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
        with self._granted_by("MODIFY"):
            super().restore(version)

    def add_columns(
        self,
        fields: Sequence[dict[str, Any]],
        after: Sequence[str | None],
        parents: Sequence[Sequence[str]] | None = None,
    ) -> None:
        with self._granted_by("MODIFY"):
            super().add_columns(fields, after, parents)

    def drop_columns(self, names: Sequence[str]) -> None:
        with self._granted_by("MODIFY"):
            super().drop_columns(names)

    def change_tags(self, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        with self._granted_by("APPLY_TAG"):
            super().change_tags(name, change)

    def set_properties(self, properties: Mapping[str, str]) -> None:
        with self._granted_by("MODIFY"):
            super().set_properties(properties)

    def unset_properties(self, names: Iterable[str]) -> None:
        with self._granted_by("MODIFY"):
            super().unset_properties(names)

    def set_not_null(self, column: str) -> None:
        with self._granted_by("MODIFY"):
            super().set_not_null(column)

    def drop_not_null(self, column: str) -> None:
        with self._granted_by("MODIFY"):
            super().drop_not_null(column)

    def set_default(self, column: str, expression: str | None) -> None:
        with self._granted_by("MODIFY"):
            super().set_default(column, expression)

    def set_column_comment(self, column: str, text: str | None) -> None:
        with self._granted_by("MODIFY"):
            super().set_column_comment(column, text)

    def commit_with_retries(self, attempt: Callable[[], None]) -> None:
        """Commit a change. The user must own the table, unless `_granted_by` has checked a privilege for it."""
        if not self._granted:
            self._require()
        super().commit_with_retries(attempt)

    @contextmanager
    def _granted_by(self, privilege: str) -> Iterator[None]:
        """Check a privilege that is enough for the change in the block."""
        self._require(privilege)
        self._granted = True
        try:
            yield
        finally:
            self._granted = False
