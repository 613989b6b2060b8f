"""Files of tables cannot be read or written by their paths, even with every privilege on the table."""

from __future__ import annotations

import uuid

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.catalog.securable import Securable

BEN = "ben@example.com"


@pytest.fixture(scope="module")
def ben(spark):
    """The session of a user without grants."""
    return spark.workspace_session("b", BEN)


@pytest.fixture
def weather(spark, schema):
    """A table with one row that the user may read."""
    name = f"{schema}.weather"
    spark.sql(f"CREATE TABLE {name} AS SELECT 1 AS id, 2.5 AS temp")
    change = spark.unity.governance.change_grants
    change(Securable("catalog", "main"), BEN, add=["USE_CATALOG"])
    change(Securable("schema", schema), BEN, add=["USE_SCHEMA"])
    change(Securable("table", name), BEN, add=["SELECT"])
    yield name
    change(Securable("catalog", "main"), BEN, remove=["USE_CATALOG"])


def refused(privilege):
    return pytest.raises(AnalysisException, match=rf"(?s)INSUFFICIENT_PERMISSIONS.*{privilege}")


BY_PATH = {
    "load": lambda s, name, path: s.read.format("delta").load(str(path)).count(),
    "load a url": lambda s, name, path: s.read.format("delta").load(path.as_uri()).count(),
    "parquet": lambda s, name, path: s.read.parquet(str(path)).count(),
    "sql": lambda s, name, path: s.sql(f"SELECT * FROM delta.`{path}`").collect(),
    "a pattern": lambda s, name, path: s.read.parquet(
        f"{path.parents[3]}/*/main/*/weather"
    ).count(),
    "the folder above": lambda s, name, path: s.read.parquet(str(path.parents[3])).count(),
    "a table at its place": lambda s, name, path: s.sql(
        f"CREATE TABLE hive_metastore.default.t_{uuid.uuid4().hex[:8]} USING delta LOCATION '{path}'"
    ),
    "a view of its place": lambda s, name, path: s.sql(
        f"CREATE TEMP VIEW v_{uuid.uuid4().hex[:8]} USING delta OPTIONS (path '{path}')"
    ),
    "saveAsTable": lambda s, name, path: (
        s.range(5)
        .write.option("path", str(path))
        .mode("overwrite")
        .saveAsTable(f"hive_metastore.default.t_{uuid.uuid4().hex[:8]}")
    ),
    "overwrite": lambda s, name, path: (
        s.range(1).write.format("delta").mode("overwrite").save(str(path))
    ),
}


@pytest.mark.parametrize("read", BY_PATH)
def test_files_of_unity_catalog_cannot_be_read_by_path(spark, ben, weather, read):
    with refused("SELECT on any file"):
        BY_PATH[read](ben, weather, spark.unity.path(spark.resolve(weather)))
    assert spark.table(weather).count() == 1


def test_files_of_another_workspace_cannot_be_read_by_path(spark, ben, home):
    name = f"hive_metastore.default.t_{uuid.uuid4().hex[:8]}"
    spark.range(1).write.saveAsTable(name)
    with refused("SELECT on any file"):
        ben.read.format("delta").load(str(spark.unity.path(spark.resolve(name)))).count()
    spark.sql(f"DROP TABLE {name}")
    ben.range(2).write.saveAsTable(name)
    assert ben.read.format("delta").load(str(ben.unity.path(ben.resolve(name)))).count() == 2
    ben.sql(f"DROP TABLE {name}")


def test_other_text_with_slashes_is_no_path(ben):
    row = ben.sql("SELECT split('a/b', '/')[1] AS x, 'main/default' AS y, '10 / 5' AS z").collect()
    assert [tuple(r) for r in row] == [("b", "main/default", "10 / 5")]
