"""A workspace has its own metastore, whose name no catalog of Unity Catalog can have."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs


def test_the_metastore_has_a_reserved_name_and_cannot_be_dropped(spark, home):
    with pytest.raises(UnityCatalogError, match="each workspace's own metastore"):
        UnityCatalog(home.warehouse).create_catalog("Hive_Metastore")
    with pytest.raises(UnityCatalogError, match="cannot be dropped"):
        spark.unity.drop_catalog(HIVE_METASTORE)


def test_the_next_start_deletes_what_a_killed_process_left_behind(home, tmp_path, spark):
    catalogs = WorkspaceCatalogs(tmp_path / "warehouse", tmp_path / "own", spark.unity.governance)
    left = tmp_path / "own" / HIVE_METASTORE / "default" / ".trash-1"
    left.mkdir(parents=True)
    catalogs.prepare()
    assert not left.exists()
