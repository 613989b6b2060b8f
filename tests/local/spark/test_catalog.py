"""``spark.catalog`` says and does what the SQL statements say and do."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException


@pytest.fixture
def catalog(spark, schema):
    yield spark.catalog
    spark.sql("USE CATALOG main")


def test_a_catalogs_default_schema_is_current_with_it(catalog):
    catalog.setCurrentCatalog("dev")
    assert (catalog.currentCatalog(), catalog.currentDatabase()) == ("dev", "default")
    with pytest.raises(AnalysisException, match="NO_SUCH_CATALOG_EXCEPTION"):
        catalog.setCurrentCatalog("absent")


def test_a_schema_is_current_by_one_or_two_levels(spark, catalog):
    here = catalog.currentDatabase()
    catalog.setCurrentDatabase("dev.default")
    assert (catalog.currentCatalog(), catalog.currentDatabase()) == ("dev", "default")
    catalog.setCurrentCatalog("main")
    catalog.setCurrentDatabase(here)
    assert catalog.currentDatabase() == here
    with pytest.raises(AnalysisException, match="SCHEMA_NOT_FOUND"):
        catalog.setCurrentDatabase("absent")


def test_catalogs_are_those_of_show_catalogs(spark, catalog):
    shown = [row["catalog"] for row in spark.sql("SHOW CATALOGS").collect()]
    assert [found.name for found in catalog.listCatalogs()] == shown
    assert [found.name for found in catalog.listCatalogs("ma*")] == ["main"]


def test_a_table_can_be_refreshed_if_there_is_one(spark, catalog):
    spark.sql("CREATE TABLE t (id INT)")
    catalog.refreshTable("t")
    assert catalog.tableExists("t")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        catalog.refreshTable("absent")
