"""``hive_metastore``: the tables of one workspace, outside Unity Catalog.

Each workspace that is older than Unity Catalog has its own metastore, which appears as one more catalog.
The tables are Delta folders, too, in the workspace's own folder: neither other workspaces nor the Unity
Catalog API see the tables. The metastore has no keys, tags and grants.

Follows https://docs.databricks.com/aws/en/database-objects/hive-metastore
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.table import UnityTable

CONSTRAINTS_NOT_SUPPORTED = "Table constraints are only supported in Unity Catalog."
"""The message of Databricks, word for word."""


class HiveTable(UnityTable):
    """A table of ``hive_metastore``: a Delta table without primary key and tags."""

    def set_primary_key(self, key: PrimaryKey | None) -> None:
        raise UnityCatalogError(CONSTRAINTS_NOT_SUPPORTED)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        self._refuse_tags()

    def unset_tags(self, keys: list[str]) -> None:
        self._refuse_tags()

    def set_column_tags(self, column: str, tags: Mapping[str, str]) -> None:
        self._refuse_tags()

    def unset_column_tags(self, column: str, keys: list[str]) -> None:
        self._refuse_tags()

    def _refuse_tags(self) -> NoReturn:
        # it is documented that only Unity Catalog has tags; the words of Databricks could not be verified
        raise UnityCatalogError(
            f"Tags are only supported in Unity Catalog, and '{self.name}' is in the workspace's "
            f"{HIVE_METASTORE}."
        )
