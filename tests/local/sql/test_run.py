"""What is common to all statements; each of them has a row in test_sql_statements.py."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, ParseException

from lakelab.local.catalog.names import TableName
from lakelab.local.spark.session import LocalSparkSession


def table(spark: LocalSparkSession, name: str = "t"):
    return spark.unity.table(spark.resolve(name))


@pytest.mark.parametrize("written", ["delta.enableChangeDataFeed = true", "'delta.enableChangeDataFeed' = 'true'"])  # fmt: skip
@pytest.mark.parametrize("when", ["at creation", "with a key", "later"])
def test_the_change_data_feed_can_be_enabled_and_the_table_written(spark, schema, written, when):
    """The engine refuses to write where Delta's own property is set: it is kept under another name."""
    properties, key = f" TBLPROPERTIES ({written})", ", PRIMARY KEY (id)"
    columns = "id INT NOT NULL, x DOUBLE" + (key if when == "with a key" else "")
    spark.sql(f"CREATE TABLE t ({columns}) USING delta{'' if when == 'later' else properties}")
    if when == "later":
        assert not spark.unity.table(spark.resolve("t")).change_data_feed
        spark.sql(f"ALTER TABLE t SET TBLPROPERTIES ({written})")
    assert spark.unity.table(spark.resolve("t")).change_data_feed
    shown = [tuple(row) for row in spark.sql("SHOW TBLPROPERTIES t").collect()]
    assert shown == [("delta.enableChangeDataFeed", "true")]
    spark.sql("INSERT INTO t VALUES (1, 1.5), (2, 2.5)")
    spark.sql("UPDATE t SET x = 3.5 WHERE id = 1")
    spark.sql("DELETE FROM t WHERE id = 2")
    assert [tuple(row) for row in spark.table("t").collect()] == [(1, 3.5)]


def test_drop_table_removes_the_files(spark, schema):
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    folder = spark.unity.path(spark.resolve("t"))
    assert folder.is_dir()
    spark.sql("DROP TABLE t")
    assert not folder.exists()
    with pytest.raises(AnalysisException, match="not found"):
        spark.sql("SELECT * FROM t").collect()
    spark.sql("DROP TABLE IF EXISTS t")
    with pytest.raises(AnalysisException):
        spark.sql("DROP TABLE t")


@pytest.mark.parametrize(
    "statement",
    [
        "OPTIMIZE t WHERE x = 1",
        "CREATE TABLE u DEEP CLONE t",
        "CREATE SCHEMA main.elsewhere MANAGED LOCATION 's3://bucket/folder'",
        "MSCK REPAIR TABLE t",
    ],
)
def test_other_statements_are_named_and_sent_to_databricks(spark, schema, statement):
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    with pytest.raises(ParseException, match="Databricks only") as refused:
        spark.sql(statement)
    assert statement.split()[0] in str(refused.value)


def test_comments_and_parameters_in_a_query(spark, schema):
    spark.sql("-- make it\n/* really */ CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY);")
    assert table(spark).primary_key is not None
    assert spark.sql("SELECT :a + 1 AS x", args={"a": 41}).collect()[0]["x"] == 42
    assert spark.sql("SELECT * FROM {frame}", frame=spark.range(3)).count() == 3


def test_names_are_completed_and_lower_case(spark, schema):
    catalog, name = schema.split(".")
    assert spark.resolve("T") == TableName(catalog, name, "t")
    assert spark.resolve("Other.T") == TableName("main", "other", "t")
    assert spark.resolve("dev.Other.`my-table`") == TableName("dev", "other", "my-table")
