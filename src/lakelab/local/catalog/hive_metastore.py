"""``hive_metastore``: the tables that one workspace has for itself, beside Unity Catalog.

Each workspace of before Unity Catalog has such a metastore of its own, which shows up as one more
catalog. Its tables are Delta folders, too, in the workspace's own folder: no other workspace sees them,
nor do the calls about Unity Catalog. Keys, tags and grants are none of its business.

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
"""What Databricks answers, word for word."""


class HiveTable(UnityTable):
    """A table of a workspace's own metastore: a Delta table, without what Unity Catalog adds."""

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
        # that tags are Unity Catalog's is documented; how Databricks words it could not be verified
        raise UnityCatalogError(
            f"Tags are only supported in Unity Catalog, and '{self.name}' is in the workspace's "
            f"{HIVE_METASTORE}."
        )
