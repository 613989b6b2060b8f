"""A table that is created again under its name has its own values, in whatever way it is created or dropped."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.catalog.errors import AlreadyExistsError
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.spark.new_tables import in_own_folder

OLD = "SELECT * FROM VALUES (1, 1, 'x'), (2, 2, 'y') AS v(a, b, g)"
NEW = "SELECT * FROM VALUES (1, 1.5D, 'x'), (2, 2.5D, 'y'), (3, 3.5D, 'z') AS v(a, b, g)"


def create_by_sql(spark, query):
    kind = "DOUBLE" if "D" in query.partition("VALUES")[2] else "INT"
    spark.sql(f"CREATE TABLE t (a INT, b {kind}, g STRING) PARTITIONED BY (g) -- a table")
    spark.sql(f"INSERT INTO t {query}")


def create_by_client(spark, query):
    rows = spark.sql(query)
    FeatureEngineeringClient().create_table(name="t", primary_keys="a", df=rows, partition_columns="g")  # fmt: skip


def create_by_catalog(spark, query):
    spark.catalog.createTable("t", schema=spark.sql(query).schema, description="a table")
    spark.sql(f"INSERT INTO t {query}")


WAYS = {
    "CREATE TABLE": create_by_sql,
    "AS SELECT": lambda spark, q: spark.sql(f"CREATE TABLE t PARTITIONED BY (g) AS {q}"),
    "OR REPLACE": lambda spark, q: spark.sql(f"CREATE OR REPLACE TABLE t USING delta AS {q}"),
    "error": lambda spark, q: spark.sql(q).write.partitionBy("g").saveAsTable("t"),
    "append": lambda spark, q: spark.sql(q).write.mode("append").saveAsTable("t"),
    "overwrite": lambda spark, q: spark.sql(q).write.mode("overwrite").saveAsTable("t"),
    "ignore": lambda spark, q: spark.sql(q).write.mode("ignore").saveAsTable("t"),
    "create": lambda spark, q: spark.sql(q).writeTo("t").partitionedBy("g").create(),
    "createOrReplace": lambda spark, q: spark.sql(q).writeTo("t").createOrReplace(),
    "client": create_by_client,
    "catalog": create_by_catalog,
}


def drop_schema(spark, schema):
    spark.sql(f"DROP SCHEMA {schema} CASCADE")
    spark.sql(f"CREATE SCHEMA {schema}")


DROPS = {
    "DROP TABLE": lambda spark, schema: spark.sql("DROP TABLE t"),
    "DROP SCHEMA": drop_schema,
    "RENAME": lambda spark, schema: spark.sql("ALTER TABLE t RENAME TO former"),
    "client": lambda spark, schema: FeatureEngineeringClient().drop_table(name=f"{schema}.t"),
    # as REST and another notebook do
    "catalog": lambda spark, schema: UnityCatalog(spark.unity.warehouse).drop_table(
        spark.resolve("t")
    ),
}


def rows(spark, table="t"):
    return sorted(tuple(row) for row in spark.sql(f"SELECT a, b, g FROM {table}").collect())


def rewrite(spark, b):
    """Rewrite the rows with a = 1, by the two statements that read a table as the engine remembers it."""
    spark.sql(f"INSERT INTO t REPLACE WHERE a = 1 SELECT 1 AS a, {b} AS b, 'x' AS g")
    spark.sql("DELETE FROM t WHERE a = 1")


@pytest.mark.parametrize("way", WAYS)
def test_a_table_created_again_is_rewritten_with_its_own_values(spark, schema, way):
    WAYS[way](spark, OLD)
    rewrite(spark, "9")
    spark.sql("DROP TABLE t")
    WAYS[way](spark, NEW)
    rewrite(spark, "9.5D")
    assert rows(spark) == [(2, 2.5, "y"), (3, 3.5, "z")]


@pytest.mark.parametrize("drop", DROPS)
def test_however_the_former_table_was_dropped(spark, schema, drop):
    WAYS["client"](spark, OLD)
    rewrite(spark, "9")
    DROPS[drop](spark, schema)
    WAYS["AS SELECT"](spark, NEW)
    rewrite(spark, "9.5D")
    assert rows(spark) == [(2, 2.5, "y"), (3, 3.5, "z")]
    if drop == "RENAME":
        spark.sql("DELETE FROM former WHERE a = 7")
        assert rows(spark, "former") == [(2, 2, "y")]


def test_a_table_of_the_first_version_that_is_created_again(spark, schema):
    place = spark.unity.path(spark.resolve("t"))
    spark.sql(OLD).write.format("delta").save(str(place))
    assert spark.unity.path(spark.resolve("t")) == place
    rewrite(spark, "9")
    spark.sql("DROP TABLE t")
    WAYS["AS SELECT"](spark, NEW)
    rewrite(spark, "9.5D")
    assert rows(spark) == [(2, 2.5, "y"), (3, 3.5, "z")]


CREATE_AGAIN = """
import sys
from pathlib import Path

from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home

spark = start_spark(Home(Path(sys.argv[1])))
spark.sql(f"DROP TABLE {sys.argv[2]}")
spark.sql(f"CREATE TABLE {sys.argv[2]} AS " + sys.argv[3])
spark.sql(f"DELETE FROM {sys.argv[2]} WHERE a = 7")
spark.sql(f"DELETE FROM {sys.argv[2]} WHERE a = 3")
"""


def test_a_table_that_another_process_created_again(spark, schema, home):
    WAYS["AS SELECT"](spark, OLD)
    rewrite(spark, "9")
    arguments = [sys.executable, "-c", CREATE_AGAIN, str(home.root), f"{schema}.t", NEW]
    subprocess.run(arguments, check=True, capture_output=True)
    rewrite(spark, "9.5D")
    assert rows(spark) == [(2, 2.5, "y")]


def test_a_session_whose_tables_another_session_created_again(spark, schema):
    other = spark.workspace_session("other", "ana@example.com")
    table = f"hive_metastore.default.{schema.partition('.')[2]}"
    other.sql(f"CREATE TABLE {table} AS {OLD}")
    other.sql(f"DELETE FROM {table} WHERE a = 1")
    other.sql(f"DROP TABLE {table}")
    other.sql(f"CREATE TABLE {table} AS {NEW}")
    other.sql(f"DELETE FROM {table} WHERE a = 1")
    assert rows(other, table) == [(2, 2.5, "y"), (3, 3.5, "z")]
    other.sql(f"DROP TABLE {table}")


def test_a_table_appears_only_with_its_rows_and_a_failure_leaves_nothing(spark, schema):
    query = "SELECT CAST('x' || id AS INT) AS a, 1 AS b, 'g' AS g FROM range(3)"
    folder = spark.unity.path(spark.resolve("t")).parent
    for create in (WAYS["AS SELECT"], WAYS["append"], WAYS["create"]):
        with pytest.raises(PySparkException, match="x0"):
            create(spark, query)
        assert list(folder.iterdir()) == []
        with spark.internal_queries():
            assert not spark.catalog.tableExists("t")
        assert not spark.catalog.tableExists("t")
    WAYS["create"](spark, NEW)  # the engine has kept nothing of the name
    assert len(rows(spark)) == 3


@pytest.mark.parametrize("way", ["error", "create", "catalog"])
def test_a_table_that_exists_is_refused(spark, schema, way):
    WAYS[way](spark, OLD)
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_ALREADY_EXISTS"):
        WAYS[way](spark, NEW)
    assert len(rows(spark)) == 2


def test_the_second_of_two_notebooks_that_create_a_table_is_refused(spark, schema):
    name, rows_of_other = spark.resolve("t"), pa.table({"a": [7], "b": [7.5], "g": ["x"]})
    with pytest.raises(AlreadyExistsError) as raised, in_own_folder(spark, name) as folder:
        spark.sql(NEW).write.format("delta").save(str(folder))
        with UnityCatalog(spark.unity.warehouse).staged(name) as other:
            write_deltalake(other, rows_of_other)
    assert raised.value.condition == "TABLE_OR_VIEW_ALREADY_EXISTS"
    assert rows(spark) == [(7, 7.5, "x")]
    assert [entry.name for entry in spark.unity.path(name).parents[1].iterdir()] == ["t"]


def test_an_external_table_stays_where_the_user_puts_it(spark, schema, tmp_path):
    spark.sql(f"CREATE TABLE t (a INT, b DOUBLE, g STRING) LOCATION '{tmp_path / 'one'}'")
    WAYS["append"](spark, NEW)
    assert len(rows(spark)) == 3
    assert (tmp_path / "one" / "_delta_log").is_dir()
    spark.sql(NEW).write.option("path", str(tmp_path / "two")).saveAsTable("two")
    assert (tmp_path / "two" / "_delta_log").is_dir()
    with pytest.raises(AnalysisException, match="already exists"):
        WAYS["catalog"](spark, NEW)
    assert len(rows(spark)) == 3
    spark.sql("DROP TABLE t")
    spark.sql("DROP TABLE two")


def test_the_history_has_no_folder_of_an_unfinished_table(spark, schema):
    WAYS["AS SELECT"](spark, NEW)
    history = spark.sql("DESCRIBE HISTORY t").collect()
    assert ".staging" not in str(history)
    detail = spark.sql("DESCRIBE DETAIL t").collect()[0]["location"]
    assert detail == str(spark.unity.path(spark.resolve("t")))
