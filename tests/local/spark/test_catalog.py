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


def test_columns_are_those_of_the_table(spark, catalog):
    spark.sql(
        "CREATE TABLE parts (k INT NOT NULL COMMENT 'which', p STRING, s STRUCT<a: INT>) "
        "USING delta PARTITIONED BY (p) COMMENT 'about parts'"
    )
    columns = catalog.listColumns("parts")
    assert [(c.name, c.dataType, c.nullable, c.isPartition, c.description) for c in columns] == [
        ("k", "int", False, False, "which"),
        ("p", "string", True, True, None),
        ("s", "struct<a:int>", True, False, None),
    ]
    assert catalog.listColumns("PARTS", catalog.currentDatabase()) == columns
    table = catalog.getTable("parts")
    assert (table.name, table.tableType, table.isTemporary) == ("parts", "MANAGED", False)
    assert table.description == "about parts"


def test_a_temporary_view_precedes_a_table_of_its_name(spark, catalog):
    spark.sql("CREATE TABLE seen (a INT)")
    spark.sql("CREATE TEMP VIEW seen AS SELECT 1 AS b, 'x' AS c")
    try:
        assert [column.name for column in catalog.listColumns("seen")] == ["b", "c"]
        assert catalog.getTable("seen").isTemporary
    finally:
        catalog.dropTempView("seen")
    assert [column.name for column in catalog.listColumns("seen")] == ["a"]


def test_columns_of_a_table_that_does_not_exist_are_refused(catalog):
    for read in (catalog.getTable, catalog.listColumns):
        with pytest.raises(AnalysisException) as refused:
            read("absent")
        assert refused.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"


def test_a_temporary_view_is_dropped_once(spark):
    spark.range(1).createOrReplaceTempView("dropped_once")
    assert spark.catalog.dropTempView("dropped_once") is True
    assert spark.catalog.dropTempView("dropped_once") is False


def test_schemas_tables_and_views_are_created_and_dropped(spark, schema):
    catalog = spark.catalog
    catalog.createDatabase("made_by_catalog")
    catalog.createDatabase("made_by_catalog", ifNotExists=True)
    assert catalog.databaseExists("made_by_catalog")
    spark.sql("CREATE TABLE made_by_catalog.t AS SELECT 1 AS x")
    catalog.dropTable("made_by_catalog.t")
    catalog.dropTable("made_by_catalog.t", ifExists=True)
    assert not catalog.tableExists("made_by_catalog.t")
    catalog.dropDatabase("made_by_catalog", cascade=True)
    assert not catalog.databaseExists("made_by_catalog")
    spark.sql("CREATE VIEW seen AS SELECT 1 AS x")
    catalog.dropView("seen")
    assert not catalog.tableExists("seen")


def test_cached_tables(spark, schema):
    spark.sql("CREATE TABLE t (a INT)")
    spark.sql("CREATE VIEW v AS SELECT a FROM t")
    for name in ("t", "v"):
        assert not spark.catalog.isCached(name)
        spark.catalog.cacheTable(name)
        assert spark.catalog.isCached(f"{schema}.{name.upper()}")
    spark.catalog.uncacheTable("t")
    assert (spark.catalog.isCached("t"), spark.catalog.isCached("v")) == (False, True)
    spark.catalog.clearCache()
    assert not spark.catalog.isCached("v")
    for call in (spark.catalog.cacheTable, spark.catalog.isCached, spark.catalog.uncacheTable):
        with pytest.raises(AnalysisException) as caught:
            call("absent")
        assert caught.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"


def test_drop_of_global_temporary_views(spark):
    spark.range(1).createOrReplaceGlobalTempView("everywhere")
    assert spark.catalog.dropGlobalTempView("everywhere")
    assert not spark.catalog.dropGlobalTempView("everywhere")
