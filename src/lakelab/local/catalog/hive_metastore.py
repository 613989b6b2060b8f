"""``hive_metastore``: the tables that one workspace has for itself, beside Unity Catalog.

Each workspace of before Unity Catalog has such a metastore of its own, which shows up as one more
catalog. Its tables are Delta folders, too, in the workspace's own folder: no other workspace sees them,
nor do the calls about Unity Catalog. Keys, tags and grants are none of its business.

Follows https://docs.databricks.com/aws/en/database-objects/hive-metastore
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.governance import Governance, Securable
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.table import PrimaryKey, UnityTable

NO_CONSTRAINTS = "Table constraints are only supported in Unity Catalog."
"""What Databricks answers, word for word."""


class WorkspaceCatalogs(UnityCatalog):
    """What a session of one workspace sees: Unity Catalog, and the workspace's own metastore.

    Parameters
    ----------
    warehouse : Path
        Unity Catalog's folder, which the workspaces share.
    own : Path
        The workspace's own folder.
    governance : Governance
        Owners and grants.

    Examples
    --------
    >>> governance = Governance(Path("/lab/governance.json"), "ana@example.com")
    >>> catalogs = WorkspaceCatalogs(Path("/lab/warehouse"), Path("/lab/b"), governance)
    >>> catalogs.path(TableName("hive_metastore", "default", "weather")).as_posix()
    '/lab/b/hive_metastore/default/weather'
    """

    def __init__(self, warehouse: Path, own: Path, governance: Governance):
        super().__init__(warehouse)
        self.own = Path(own).absolute()
        self.governance = governance

    def prepare(self) -> None:
        """Make the schema that each metastore is born with, and clear what killed processes left."""
        (self.folder(HIVE_METASTORE) / "default").mkdir(parents=True, exist_ok=True)
        UnityCatalog(self.own).remove_leftovers()
        self.remove_leftovers()

    def catalogs(self) -> list[str]:
        own = [HIVE_METASTORE] if self.folder(HIVE_METASTORE).is_dir() else []
        return sorted([*super().catalogs(), *own])

    def folder(self, catalog: str) -> Path:
        return self.own / catalog if catalog == HIVE_METASTORE else super().folder(catalog)

    def drop_table(self, name: TableName) -> None:
        super().drop_table(name)
        self.governance.forget(Securable("table", str(name)))  # grants go with what they are on

    def rename_table(self, name: TableName, new: TableName) -> None:
        super().rename_table(name, new)
        self.governance.rename(Securable("table", str(name)), Securable("table", str(new)))

    def drop_schema(self, catalog: str, schema: str) -> None:
        tables = self.tables(catalog, schema)
        super().drop_schema(catalog, schema)
        for table in tables:
            self.governance.forget(Securable("table", str(table)))
        self.governance.forget(Securable("schema", f"{catalog}.{schema}"))

    def drop_catalog(self, catalog: str) -> None:
        if catalog == HIVE_METASTORE:
            raise UnityCatalogError(f"'{catalog}' belongs to the workspace and cannot be dropped.")
        super().drop_catalog(catalog)

    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        table = super().table(name, version)
        if name.catalog == HIVE_METASTORE:
            return HiveTable(name, table.path, version)
        return table


class HiveTable(UnityTable):
    """A table of a workspace's own metastore: a Delta table, without what Unity Catalog adds."""

    def set_primary_key(self, key: PrimaryKey | None) -> None:
        raise UnityCatalogError(NO_CONSTRAINTS)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        self._refuse_tags()

    def unset_tags(self, keys: list[str]) -> None:
        self._refuse_tags()

    def set_column_tags(self, column: str, tags: Mapping[str, str]) -> None:
        self._refuse_tags()

    def unset_column_tags(self, column: str, keys: list[str]) -> None:
        self._refuse_tags()

    def _refuse_tags(self) -> NoReturn:
        # that tags are Unity Catalog's is documented; how Databricks words it could not be verified
        raise UnityCatalogError(
            f"Tags are only supported in Unity Catalog, and '{self.name}' is in the workspace's "
            f"{HIVE_METASTORE}."
        )
