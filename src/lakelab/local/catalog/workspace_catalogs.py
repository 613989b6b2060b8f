"""The catalogs that one workspace sees: those of Unity Catalog, and the workspace's own ``hive_metastore``."""

from __future__ import annotations

from pathlib import Path

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.hive_metastore import HiveTable
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.table import UnityTable


class WorkspaceCatalogs(UnityCatalog):
    """The catalogs of a workspace: those of Unity Catalog, and the workspace's own metastore.

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
        """Create the default schema of the metastore, and delete what killed processes left behind."""
        (self.folder(HIVE_METASTORE) / "default").mkdir(parents=True, exist_ok=True)
        UnityCatalog(self.own).remove_unfinished()
        self.remove_unfinished()

    def catalogs(self) -> list[str]:
        own = [HIVE_METASTORE] if self.folder(HIVE_METASTORE).is_dir() else []
        return sorted([*super().catalogs(), *own])

    def folder(self, catalog: str) -> Path:
        return self.own / catalog if catalog == HIVE_METASTORE else super().folder(catalog)

    def drop_table(self, name: TableName) -> None:
        super().drop_table(name)
        self.governance.remove(
            Securable("table", str(name))
        )  # the grants are dropped with the table

    def rename_table(self, name: TableName, new: TableName) -> None:
        super().rename_table(name, new)
        self.governance.rename(Securable("table", str(name)), Securable("table", str(new)))

    def drop_schema(self, catalog: str, schema: str) -> None:
        tables = self.tables(catalog, schema)
        super().drop_schema(catalog, schema)
        for table in tables:
            self.governance.remove(Securable("table", str(table)))
        self.governance.remove(Securable("schema", f"{catalog}.{schema}"))

    def drop_catalog(self, catalog: str) -> None:
        if catalog == HIVE_METASTORE:
            raise UnityCatalogError(f"'{catalog}' belongs to the workspace and cannot be dropped.")
        super().drop_catalog(catalog)

    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        table = super().table(name, version)
        if name.catalog == HIVE_METASTORE:
            return HiveTable(name, table.path, version)
        return table
