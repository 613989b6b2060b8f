"""Statements about catalogs, schemas and the layout of tables: their answers and refusals."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, ParseException

from lakelab.local.workspace import DEFAULT_USER


@pytest.fixture
def weather(spark, schema):
    """A time series table in three files."""
    spark.sql(
        "CREATE TABLE weather (origin STRING NOT NULL COMMENT 'the airport\\'s code', "
        "ts TIMESTAMP NOT NULL, temp DOUBLE, CONSTRAINT w_pk PRIMARY KEY (origin, ts TIMESERIES)) "
        "COMMENT 'hourly' TBLPROPERTIES ('team' = 'ml')"
    )
    for hour in (2, 0, 1):
        spark.sql(
            f"INSERT INTO weather VALUES ('EWR', TIMESTAMP '2013-01-01 0{hour}:00:00', {hour})"
        )
    return f"{schema}.weather"


def told(spark, statement: str) -> dict[str, str]:
    return dict(tuple(row) for row in spark.sql(statement).collect())


@pytest.mark.parametrize("statement", ["DESCRIBE CATALOG main", "desc catalog `main` ;"])
def test_describe_catalog(spark, statement):
    frame = spark.sql(statement)
    assert frame.columns == ["info_name", "info_value"]
    assert dict(tuple(r) for r in frame.collect()) == {
        "Catalog Name": "main",
        "Comment": "",
        "Owner": DEFAULT_USER,
    }
    assert told(spark, "DESCRIBE CATALOG EXTENDED main")["Catalog Type"] == "Regular"


@pytest.mark.parametrize("word", ["SCHEMA", "DATABASE"])
def test_describe_schema(spark, schema, word):
    name = schema.partition(".")[2]
    frame = spark.sql(f"DESCRIBE {word} {schema}")
    assert frame.columns == ["database_description_item", "database_description_value"]
    full = told(spark, f"DESCRIBE {word} {schema}")
    assert (full["Catalog Name"], full["Namespace Name"]) == ("main", name)
    assert full["Location"].endswith(f"main/{name}")
    assert told(spark, f"DESCRIBE {word} EXTENDED `{name}`") == {**full, "Properties": ""}


def test_show_create_table_makes_the_same_table_again(spark, weather):
    frame = spark.sql("SHOW CREATE TABLE weather")
    assert frame.columns == ["createtab_stmt"]
    statement = frame.first()[0]
    assert statement.startswith(f"CREATE TABLE {weather} (\n  `origin` STRING NOT NULL COMMENT ")
    assert "CONSTRAINT `w_pk` PRIMARY KEY (`origin`, `ts` TIMESERIES)" in statement
    again = statement.replace(weather, f"{weather}_again", 1)
    spark.sql(again)
    assert spark.sql(f"SHOW CREATE TABLE {weather}_again").first()[0] == again


def test_show_create_table_keeps_nested_types_and_partitions(spark, schema):
    spark.sql(
        "CREATE TABLE nested (`a b` STRUCT<One: INT, two: ARRAY<STRING>>, m MAP<STRING, DOUBLE>, "
        "d DECIMAL(9,2), `day of` DATE) USING DELTA PARTITIONED BY (`day of`)"
    )
    statement = spark.sql("SHOW CREATE TABLE nested").first()[0]
    assert "`a b` struct<One:int,two:array<string>>" in statement
    assert "`d` DECIMAL(9,2)" in statement
    spark.sql(statement.replace("nested (", "nested_again (", 1))
    assert spark.table("nested_again").schema == spark.table("nested").schema
    again = spark.sql("SHOW CREATE TABLE nested_again").first()[0]
    assert again == statement.replace("nested (", "nested_again (", 1)


def test_optimize_packs_files_in_order_and_changes_no_row(spark, weather):
    before = spark.table(weather).orderBy("ts").collect()
    row = spark.sql(f"optimize {weather} zorder by (`origin`, ts);").first()
    assert row["path"].endswith("/weather")
    assert (row["metrics"]["numFilesAdded"], row["metrics"]["numFilesRemoved"]) == (1, 3)
    assert row["metrics"]["filesRemoved"]["totalFiles"] == 3
    assert spark.table(weather).orderBy("ts").collect() == before
    assert spark.sql(f"DESCRIBE HISTORY {weather}").first()["operation"] == "OPTIMIZE"
    again = spark.sql(f"OPTIMIZE {weather}").first()["metrics"]
    assert (again["numFilesAdded"], again["filesAdded"]) == (0, None)


def test_zorder_by_puts_rows_in_order(spark, schema):
    for first in (2, 0, 1):
        rows = [(n, -n) for n in range(299 + first, -1 + first, -3)]
        spark.createDataFrame(rows, "a int, b int").write.mode("append").saveAsTable("shuffled")
    spark.sql("OPTIMIZE shuffled ZORDER BY (a)")
    assert spark.table("shuffled").toPandas()["a"].is_monotonic_increasing
    spark.sql("OPTIMIZE shuffled ZORDER BY (b)")
    assert spark.table("shuffled").toPandas()["b"].is_monotonic_increasing


def test_describe_detail_has_the_columns_of_databricks(spark, weather):
    assert spark.sql(f"DESCRIBE DETAIL {weather}").columns == [
        "format", "id", "name", "description", "location", "createdAt", "lastModified",
        "partitionColumns", "clusteringColumns", "numFiles", "sizeInBytes", "properties",
        "minReaderVersion", "minWriterVersion", "tableFeatures",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("DESCRIBE CATALOG nowhere", AnalysisException, "Catalog 'nowhere' was not found"),
        ("DESCRIBE SCHEMA main.nowhere", AnalysisException, "`main`.`nowhere` cannot be found"),
        ("DESCRIBE SCHEMA nowhere.default", AnalysisException, "cannot be found"),
        ("SHOW CREATE TABLE nothing", AnalysisException, "does not exist"),
        ("OPTIMIZE nothing", AnalysisException, "does not exist"),
        ("OPTIMIZE weather ZORDER BY (humid)", AnalysisException, "column 'humid'"),
        ("OPTIMIZE weather WHERE temp > 1", ParseException, "without WHERE"),
        ("OPTIMIZE parted ZORDER BY (origin)", AnalysisException, "is a partition column"),
    ],
)
def test_refusals(spark, weather, statement, error, message):
    spark.sql(
        "CREATE TABLE parted (origin STRING, temp DOUBLE) USING DELTA PARTITIONED BY (origin)"
    )
    with pytest.raises(error, match=message):
        spark.sql(statement)
