"""Each workspace has its own metastore; its tables have no keys and tags, and other workspaces do not see them."""

from __future__ import annotations

import subprocess
import sys
import uuid

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.catalog.hive_metastore import CONSTRAINTS_NOT_SUPPORTED
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.feature_engineering import FeatureEngineeringClient

COLLEAGUE = "colleague@example.com"


@pytest.fixture(scope="module")
def other(spark):
    return spark.workspace_session("b", COLLEAGUE)


@pytest.fixture
def old(spark):
    """A name in the metastore; the table of the test is dropped afterwards."""
    name = f"hive_metastore.default.t_{uuid.uuid4().hex[:8]}"
    yield name
    spark.sql(f"DROP TABLE IF EXISTS {name}")


def test_a_table_is_in_the_workspaces_own_folder(spark, home, old):
    spark.range(3).write.saveAsTable(old)
    folder = home.workspace("a") / HIVE_METASTORE / "default" / old.rpartition(".")[2]
    assert spark.unity.path(spark.resolve(old)).parent == folder
    assert spark.sql(f"SELECT COUNT(*) AS n FROM {old}").collect()[0]["n"] == 3
    assert spark.table(old).count() == 3


def test_neither_the_other_workspace_nor_unity_catalog_sees_the_table(spark, other, home, old):
    spark.range(3).write.saveAsTable(old)
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        other.table(old).count()
    assert not other.catalog.tableExists(old)
    unity = UnityCatalog(home.warehouse)
    assert HIVE_METASTORE not in unity.catalogs()
    assert old not in {str(name) for name in unity.all_tables()}


def test_the_same_name_is_another_table_in_the_other_workspace(spark, other, old):
    spark.range(3).write.saveAsTable(old)
    other.range(5).write.saveAsTable(old)
    assert (spark.table(old).count(), other.table(old).count()) == (3, 5)
    other.sql(f"DROP TABLE {old}")
    assert spark.table(old).count() == 3


def test_another_process_of_the_workspace_sees_the_table(spark, home, old):
    spark.range(3).write.saveAsTable(old)
    program = (
        "from pathlib import Path\n"
        "from lakelab.local.system.home import Home; from lakelab.local.spark.session import start_spark\n"
        f"spark = start_spark(Home(Path({str(home.root)!r})).prepare())\n"
        f"print(spark.table('{old}').count())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "3"


def test_schemas_are_created_and_dropped(spark, home):
    name = f"hive_metastore.s_{uuid.uuid4().hex[:8]}"
    spark.sql(f"CREATE SCHEMA {name}")
    spark.sql(f"CREATE TABLE {name}.t AS SELECT 1 AS id")
    assert (home.workspace("a") / HIVE_METASTORE / name.rpartition(".")[2] / "t").is_dir()
    spark.sql(f"DROP SCHEMA {name} CASCADE")
    assert not spark.catalog.tableExists(f"{name}.t")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE {name} (id BIGINT NOT NULL, CONSTRAINT pk PRIMARY KEY (id))",
        "CREATE TABLE {name} (id BIGINT NOT NULL PRIMARY KEY)",
        "ALTER TABLE {existing} ADD CONSTRAINT pk PRIMARY KEY (id)",
    ],
)
def test_keys_are_refused(spark, old, statement):
    spark.range(1).write.saveAsTable(old)
    name = f"{old}_new"
    with pytest.raises(AnalysisException, match=CONSTRAINTS_NOT_SUPPORTED):
        spark.sql(statement.format(name=name, existing=old))
    assert not spark.catalog.tableExists(name)


@pytest.mark.parametrize(
    "change",
    [
        "SET TAGS ('domain' = 'weather')",
        "UNSET TAGS ('domain')",
        "ALTER COLUMN id SET TAGS ('pii' = 'no')",
        "ALTER COLUMN id UNSET TAGS ('pii')",
    ],
)
def test_tags_are_refused(spark, old, change):
    spark.range(1).write.saveAsTable(old)
    with pytest.raises(AnalysisException, match="Tags are only supported in Unity Catalog"):
        spark.sql(f"ALTER TABLE {old} {change}")


def test_feature_tables_are_refused(spark, old):
    with pytest.raises(ValueError, match="only supports feature tables in Unity Catalog"):
        FeatureEngineeringClient().create_table(name=old, primary_keys="id", df=spark.range(1))


def test_a_comment_is_kept(spark, old):
    spark.range(1).write.saveAsTable(old)
    spark.sql(f"comment on table {old} is 'weather'")
    assert spark.unity.table(spark.resolve(old)).comment == "weather"
