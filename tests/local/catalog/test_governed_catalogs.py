"""The session of another user reads only the tables that were granted, by whatever statement."""

from __future__ import annotations

import os
import uuid

import pytest
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import SparkSession

from lakelab.local.workspace import EVERYONE, Securable

BEN = "ben@example.com"


@pytest.fixture(scope="module")
def ben(spark):
    """The session of a user who was granted nothing."""
    return spark.workspace_session("b", BEN)


@pytest.fixture
def weather(spark, schema):
    """A feature table with one row, and the three privileges that reading it needs."""
    name = f"{schema}.weather"
    spark.sql(
        f"CREATE TABLE {name} (id BIGINT NOT NULL, temp DOUBLE, CONSTRAINT k PRIMARY KEY (id))"
    )
    spark.sql(f"INSERT INTO {name} VALUES (1, 2.5)")
    yield name
    change(spark, Securable("catalog", "main"), remove=["USE_CATALOG"])


def change(spark, securable, add=(), remove=(), to=BEN):
    spark.unity.governance.change_grants(securable, to, add=add, remove=remove)


def grant_use(spark, name):
    catalog, schema, _ = name.split(".")
    change(spark, Securable("catalog", catalog), ["USE_CATALOG"])
    change(spark, Securable("schema", f"{catalog}.{schema}"), ["USE_SCHEMA"])


def grant(spark, name, *privileges):
    grant_use(spark, name)
    change(spark, Securable("table", name), privileges or ["SELECT"])


READS = {
    "table": lambda s, name, path: s.table(name).collect(),
    "columns": lambda s, name, path: s.table(name).columns,
    "read.table": lambda s, name, path: s.read.table(name).count(),
    "sql": lambda s, name, path: s.sql(f"SELECT * FROM {name}").collect(),
    "its statement": lambda s, name, path: s.sql(f"SHOW CREATE TABLE {name}").collect(),
    "quoted": lambda s, name, path: s.sql(f"SELECT * FROM `{name.replace('.', '`.`')}`").collect(),
    "in a subquery": lambda s, name, path: s.sql(
        f"WITH w AS (SELECT * FROM {name}) SELECT 1 WHERE EXISTS (SELECT * FROM w)"
    ).collect(),
    "an older version": lambda s, name, path: s.sql(
        f"SELECT * FROM {name} VERSION AS OF 1"
    ).collect(),
    "after USE": lambda s, name, path: (
        s.sql(f"USE {name.rpartition('.')[0]}"),
        s.table("weather").collect(),
    ),
    "a temporary view": lambda s, name, path: s.sql(
        f"CREATE OR REPLACE TEMP VIEW seen AS SELECT * FROM {name}"
    ),
    "a table of their own": lambda s, name, path: s.sql(
        f"CREATE TABLE hive_metastore.default.t_{uuid.uuid4().hex[:8]} AS SELECT * FROM {name}"
    ),
    "describe": lambda s, name, path: s.sql(f"DESCRIBE TABLE EXTENDED {name}").collect(),
    "history": lambda s, name, path: s.sql(f"DESCRIBE HISTORY {name}").collect(),
    "detail": lambda s, name, path: s.sql(f"DESCRIBE DETAIL {name}").collect(),
    "properties": lambda s, name, path: s.sql(f"SHOW TBLPROPERTIES {name}").collect(),
}
CHANGES = {
    "insert": lambda s, name: s.sql(f"INSERT INTO {name} VALUES (2, 3.0)"),
    "update": lambda s, name: s.sql(f"UPDATE {name} SET temp = 0"),
    "delete": lambda s, name: s.sql(f"DELETE FROM {name}"),
    "merge": lambda s, name: s.sql(
        f"MERGE INTO {name} t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE"
    ),
    "saveAsTable": lambda s, name: s.table(name).write.mode("append").saveAsTable(name),
    "insertInto": lambda s, name: s.table(name).write.insertInto(name),
    "writeTo": lambda s, name: s.table(name).writeTo(name).append(),
    "truncate": lambda s, name: s.sql(f"TRUNCATE TABLE {name}"),
    "column comment": lambda s, name: s.sql(f"ALTER TABLE {name} ALTER COLUMN temp COMMENT 'mine'"),
    "not null": lambda s, name: s.sql(f"ALTER TABLE {name} ALTER COLUMN temp SET NOT NULL"),
    "property": lambda s, name: s.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('mine' = 'yes')"),
    "default": lambda s, name: s.sql(
        f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
    ).sparkSession.sql(f"ALTER TABLE {name} ALTER COLUMN temp SET DEFAULT 0"),
}
OWNERS = {
    "comment": "COMMENT ON TABLE {name} IS 'mine'",
    "tag": "ALTER TABLE {name} SET TAGS ('mine' = 'yes')",
    "key": "ALTER TABLE {name} DROP PRIMARY KEY",
    "rename": "ALTER TABLE {name} RENAME TO mine",
    "drop": "DROP TABLE {name}",
    "drop schema": "DROP SCHEMA {schema} CASCADE",
}


def refused(privilege):
    return pytest.raises(AnalysisException, match=rf"(?s)INSUFFICIENT_PERMISSIONS.*{privilege}")


@pytest.mark.parametrize("read", READS)
def test_no_statement_reads_a_table_without_select(spark, ben, weather, read):
    grant_use(spark, weather)
    path = spark.unity.path(spark.resolve(weather))
    with refused(f"User does not have SELECT on Table '{weather}'"):
        READS[read](ben, weather, path)


@pytest.mark.parametrize("read", READS)
def test_every_statement_reads_a_table_with_select(spark, ben, weather, read):
    grant(spark, weather)
    READS[read](ben, weather, spark.unity.path(spark.resolve(weather)))


def test_each_level_needs_its_privilege(spark, ben, weather):
    catalog, schema, _ = weather.split(".")
    frame = ben.table(weather)
    change(spark, Securable("table", weather), ["SELECT"])
    with refused("USE CATALOG on Catalog 'main'"):
        frame.count()
    change(spark, Securable("catalog", catalog), ["USE_CATALOG"])
    with refused(f"USE SCHEMA on Schema '{catalog}.{schema}'"):
        frame.count()
    change(spark, Securable("schema", f"{catalog}.{schema}"), ["USE_SCHEMA"])
    assert frame.count() == 1


@pytest.mark.parametrize("principal", [BEN, EVERYONE])
def test_a_grant_above_is_inherited(spark, ben, weather, principal):
    grant_use(spark, weather)
    schema = Securable("schema", weather.rpartition(".")[0])
    change(spark, schema, ["SELECT"], to=principal)
    assert ben.table(weather).count() == 1


def test_an_owner_needs_no_grant_on_the_table(spark, ben, weather):
    grant_use(spark, weather)
    spark.unity.governance.update(Securable("table", weather), owner=BEN)
    assert ben.table(weather).count() == 1
    ben.sql(f"COMMENT ON TABLE {weather} IS 'mine'")


def test_a_revoke_ends_every_access(spark, ben, weather):
    grant(spark, weather)
    frame, by_sql = ben.table(weather), ben.sql(f"SELECT * FROM {weather}")
    frame.createOrReplaceTempView("kept")
    assert ben.table("kept").count() == 1
    change(spark, Securable("table", weather), remove=["SELECT"])
    for left in (frame, by_sql):
        with refused("SELECT"):
            left.count()
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        ben.table("kept").count()


def test_the_grants_are_dropped_with_the_table(spark, ben, weather):
    grant(spark, weather)
    spark.sql(f"DROP TABLE {weather}")
    spark.sql(f"CREATE TABLE {weather} AS SELECT 1 AS id")
    with refused("SELECT"):
        ben.table(weather).count()


@pytest.mark.parametrize("how", CHANGES)
def test_changing_rows_columns_and_properties_needs_modify(spark, ben, weather, how):
    grant(spark, weather)
    before = spark.unity.table(spark.resolve(weather)).fields
    with refused(f"User does not have MODIFY on Table '{weather}'"):
        CHANGES[how](ben, weather)
    table = spark.unity.table(spark.resolve(weather))
    assert (table.fields, table.properties) == (before, {})
    assert [tuple(row) for row in spark.table(weather).collect()] == [(1, 2.5)]
    change(spark, Securable("table", weather), ["MODIFY"])
    CHANGES[how](ben, weather)


@pytest.mark.parametrize("what", OWNERS)
def test_other_changes_need_ownership(spark, ben, weather, what):
    grant(spark, weather, "SELECT", "MODIFY")
    schema = weather.rpartition(".")[0]
    with refused("APPLY TAG" if what == "tag" else "MANAGE"):
        ben.sql(OWNERS[what].format(name=weather, schema=schema))
    table = spark.unity.table(spark.resolve(weather))
    assert (table.comment, table.tags, table.properties) == (None, {}, {})
    assert table.primary_key is not None


def test_new_tables_are_not_made_in_unity_catalog(spark, ben, weather):
    grant(spark, weather)
    schema = weather.rpartition(".")[0]
    with refused("CREATE TABLE on Schema"):
        ben.sql(f"CREATE TABLE {schema}.mine AS SELECT 1 AS id")
    change(spark, Securable("schema", schema), ["CREATE_TABLE"])
    with pytest.raises(AnalysisException, match="makes tables in hive_metastore only"):
        ben.range(1).write.saveAsTable(f"{schema}.mine")
    assert not spark.catalog.tableExists(f"{schema}.mine")


def test_only_the_owner_of_the_catalog_drops_its_schemas(ben):
    with refused("MANAGE|USE CATALOG"):
        ben.sql("DROP SCHEMA main.default")


def test_a_new_schema_needs_create_schema_and_belongs_to_its_user(spark, ben):
    with refused("CREATE SCHEMA on Catalog 'main'"):
        ben.sql("CREATE SCHEMA main.of_ben")
    catalog, schema = Securable("catalog", "main"), Securable("schema", "main.of_ben")
    change(spark, catalog, ["CREATE_SCHEMA", "USE_CATALOG"])
    try:
        ben.sql("CREATE SCHEMA main.of_ben")
        assert spark.unity.governance.owner(schema) == ben.user
        ben.sql("DROP SCHEMA main.of_ben")
    finally:
        spark.unity.governance.change_grants(
            catalog, ben.user, remove=["CREATE_SCHEMA", "USE_CATALOG"]
        )


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE x DEEP CLONE {name}", "VACUUM {name}", "WITH x INSERT {name}"]
)
def test_a_statement_that_cannot_be_parsed_is_not_run(spark, ben, weather, statement):
    grant(spark, weather)
    with pytest.raises(PySparkException):
        ben.sql(statement.format(name=weather)).collect()
    assert spark.table(weather).count() == 1


def test_select_is_not_enough_to_optimize(spark, ben, weather):
    grant(spark, weather)
    with refused("MODIFY|MANAGE|owner"):
        ben.sql(f"OPTIMIZE {weather}")
    assert spark.sql(f"DESCRIBE HISTORY {weather}").first()["operation"] != "OPTIMIZE"


def test_catalogs_and_schemas_without_a_privilege_are_not_described(spark, ben, weather):
    schema = weather.rpartition(".")[0]
    with pytest.raises(AnalysisException, match="NO_SUCH_CATALOG"):
        ben.sql("DESCRIBE CATALOG prod")
    with pytest.raises(AnalysisException, match="SCHEMA_NOT_FOUND"):
        ben.sql(f"DESCRIBE SCHEMA {schema}")
    assert ben.sql("DESCRIBE SCHEMA hive_metastore.default").count()
    grant(spark, weather)
    assert ben.sql("DESCRIBE CATALOG main").first()["info_value"] == "main"
    assert ben.sql(f"DESCRIBE SCHEMA {schema}").count()


def test_a_list_shows_only_readable_tables(spark, ben, weather):
    schema = weather.rpartition(".")[0]
    assert ben.sql(f"SHOW TABLES IN {schema}").collect() == []
    assert not ben.catalog.tableExists(weather)
    grant(spark, weather)
    assert [row["tableName"] for row in ben.sql(f"SHOW TABLES IN {schema}").collect()] == [
        "weather"
    ]


def test_each_session_has_its_user_and_the_default_session_stays(spark, ben):
    users = [s.sql("SELECT current_user()").collect()[0][0] for s in (spark, ben)]
    assert users == ["learner@example.com", BEN]
    assert SparkSession.builder.getOrCreate() is spark
    assert SparkSession.getActiveSession() is spark


def test_the_error_has_databricks_class(spark, ben, weather):
    with pytest.raises(AnalysisException) as caught:
        ben.table(weather).count()
    assert caught.value.getCondition() == "INSUFFICIENT_PERMISSIONS"
    assert caught.value.getSqlState() == "42501"
    assert str(caught.value).startswith("[INSUFFICIENT_PERMISSIONS] Insufficient privileges:")
    assert "SPARK_REMOTE" in os.environ  # the engine is one
