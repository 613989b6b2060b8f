"""Tables, views, schemas and catalogs are found in any case, as on Databricks."""

from __future__ import annotations

import os

import pytest
from pyspark.sql.connect import proto
from pyspark.sql.functions import expr

from lakelab.local.spark.relation_names import names_relation


@pytest.fixture
def small(spark, schema):
    """A table of one row; the names of its schema and the table are in upper case here."""
    spark.sql("CREATE TABLE small (x INT)")
    spark.sql("INSERT INTO small VALUES (1)")
    name = spark.unity.table(spark.resolve("small")).name
    return f"{name.schema.upper()}.SMALL"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT X FROM Small",
        "SELECT SMALL.* FROM small",
        "SELECT s.* FROM Small S",
        "WITH C AS (SELECT * FROM SMALL) SELECT c.* FROM c",
        "SELECT X FROM {name}",
        "SELECT Small.x FROM MAIN.{name}",
    ],
)
def test_a_query_finds_a_table_in_any_case(spark, small, query):
    assert [row[0] for row in spark.sql(query.format(name=small)).collect()] == [1]


def test_a_reader_finds_a_table_in_any_case(spark, small):
    assert spark.table(small).count() == spark.read.table("Small").count() == 1


def test_a_table_that_is_created_has_a_name_in_lower_case(spark, schema):
    spark.sql("CREATE TABLE Ddl (x INT)")
    spark.sql("CREATE OR REPLACE TABLE Ddl2 AS SELECT 1 AS x")
    spark.range(1).write.saveAsTable("Saved")
    spark.range(1).writeTo("Written").create()
    name = spark.resolve("ddl")
    tables = [table.table for table in spark.unity.tables(name.catalog, name.schema)]
    assert {"ddl", "ddl2", "saved", "written"} <= set(tables)
    assert all(folder == folder.lower() for folder in os.listdir(spark.unity.path(name).parent))


def test_writers_find_a_table_in_any_case(spark, small):
    frame = spark.sql("SELECT 2 AS x")
    frame.write.mode("append").saveAsTable(small)
    frame.write.insertInto("SMALL")
    frame.writeTo("Small").append()
    frame.mergeInto("Small", expr("Small.x = 1")).whenMatched().delete().merge()
    spark.sql("INSERT INTO SMALL VALUES (3)")
    spark.sql("UPDATE Small SET X = 4 WHERE SMALL.x = 3")
    assert sorted(row.x for row in spark.table("small").collect()) == [2, 2, 2, 4]


def test_the_catalog_finds_names_in_any_case(spark, small):
    catalog = spark.catalog
    assert catalog.tableExists("SMALL")
    assert catalog.tableExists(f"MAIN.{small}")
    assert catalog.databaseExists(small.partition(".")[0])
    assert catalog.getTable("Small").name == "small"
    assert [column.name for column in catalog.listColumns("SMALL")] == ["x"]
    assert not catalog.tableExists("SMALLER")


def test_a_temporary_view_is_found_and_dropped_in_any_case(spark, schema):
    spark.range(2).createOrReplaceTempView("Two")
    spark.sql("CREATE TEMPORARY VIEW Three AS SELECT * FROM TWO")
    assert spark.table("two").count() == spark.sql("SELECT * FROM THREE").count() == 2
    assert spark.catalog.dropTempView("TWO")
    spark.sql("DROP VIEW three")
    assert not spark.catalog.tableExists("Two")


PLANS = [
    (lambda spark: spark.sql("SELECT 1"), False),
    # rows of information_schema are values in the statement for the engine
    (lambda spark: spark.sql("SELECT a FROM VALUES (1) AS v(a)"), True),
    (lambda spark: spark.range(3).selectExpr("id + 1"), False),
    (lambda spark: spark.sql("SELECT (SELECT max(id) FROM t) AS m"), True),
    (lambda spark: spark.table("t").filter("id = 1"), True),
    (lambda spark: spark.range(1).join(spark.table("t")), True),
]


@pytest.mark.parametrize(("query", "named"), PLANS)
def test_a_plan_that_names_a_table_is_known(spark, schema, query, named):
    spark.sql("CREATE TABLE t (id INT)")
    frame = query(spark)
    assert names_relation(frame._plan.to_proto(spark.client)) is named  # noqa: SLF001 - no public way


@pytest.mark.parametrize(
    "text", ["SHOW TABLES", "DROP TABLE t", "no statement", "EXPLAIN SELECT 1"]
)
def test_another_statement_may_name_a_table(text):
    command = proto.Command()
    command.sql_command.sql = text
    assert names_relation(command)


def test_a_column_keeps_the_case_that_it_is_asked_by(spark):
    df = spark.createDataFrame([(1, 2)], ["readVersion", "B"])
    assert df.select("readVersion", expr("B")).columns == ["readVersion", "B"]
    assert df.select("readversion").columns == ["readversion"]
    assert df.groupBy("B").sum("readVersion").columns == ["B", "sum(readVersion)"]
