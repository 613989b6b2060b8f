"""The relations of information_schema have what the user may see."""

from __future__ import annotations

import pytest

from lakelab.local.workspace import Securable

BEN = "ben@example.com"


@pytest.fixture
def weather(spark, schema):
    name = f"{schema}.weather"
    spark.sql(
        f"CREATE TABLE {name} (id BIGINT NOT NULL COMMENT 'which', temp DOUBLE, "
        f"CONSTRAINT k PRIMARY KEY (id))"
    )
    spark.unity.table(spark.resolve(name)).set_comment('Ana\'s "weather" \\ {x}\nnew line')
    spark.sql(f"ALTER TABLE {name} SET TAGS ('domain' = 'weather', 'reviewed')")
    return name


def rows(session, query):
    return [tuple(row) for row in session.sql(query).collect()]


def test_tables(spark, weather):
    _, schema, table = weather.split(".")
    found = rows(
        spark,
        f"SELECT table_catalog, table_schema, table_name, table_owner, comment, table_type "
        f"FROM main.information_schema.tables WHERE table_schema = '{schema}'",
    )
    comment = 'Ana\'s "weather" \\ {x}\nnew line'
    assert found == [("main", schema, table, "learner@example.com", comment, "MANAGED")]


def test_tags_by_a_name_of_two_levels_and_an_alias(spark, weather):
    schema = weather.split(".")[1]
    assert rows(
        spark,
        f"SELECT t.tag_name, t.tag_value, c.column_name FROM information_schema.table_tags AS t "
        f"JOIN INFORMATION_SCHEMA.columns AS c USING (table_name) "
        f"WHERE t.schema_name = '{schema}' AND c.table_schema = '{schema}' AND c.column_name = 'id' "
        f"ORDER BY 1",
    ) == [("domain", "weather", "id"), ("reviewed", "", "id")]


def test_another_catalog_has_none_of_it(spark, weather):
    schema = weather.split(".")[1]
    query = f"SELECT * FROM dev.information_schema.table_tags WHERE schema_name = '{schema}'"
    assert rows(spark, query) == []
    assert spark.sql(query).columns[-1] == "tag_value"


def test_the_metastore_of_the_workspace_is_not_in_it(spark, weather):
    name = f"hive_metastore.default.{weather.split('.')[1]}"
    spark.sql(f"CREATE TABLE {name} AS SELECT 1 AS id")
    found = rows(spark, "SELECT table_catalog FROM system.information_schema.tables")
    spark.sql(f"DROP TABLE {name}")
    assert ("main",) in found
    assert ("hive_metastore",) not in found


def test_others_see_what_they_were_granted(spark, weather):
    ben, schema = spark.workspace_session("b", BEN), weather.split(".")[1]
    query = (
        f"SELECT tag_name FROM main.information_schema.table_tags WHERE schema_name = '{schema}'"
    )
    assert rows(ben, query) == []
    spark.unity.governance.change_grants(Securable("table", weather), BEN, add=["BROWSE"])
    assert sorted(rows(ben, query)) == [("domain",), ("reviewed",)]
    found = ben.sql("SELECT * FROM main.information_schema.tables").collect()
    assert [(row["table_name"], row["storage_path"]) for row in found] == [("weather", None)]


def test_a_broken_table_hides_no_other(spark, weather):
    _, schema, _ = weather.split(".")
    broken = spark.unity.path(spark.resolve(weather)).parent / "broken" / "_delta_log"
    broken.mkdir(parents=True)
    (broken / f"{0:020}.json").write_text("this is not a commit")
    query = f"SELECT table_name FROM main.information_schema.tables WHERE table_schema = '{schema}'"
    with pytest.warns(UserWarning, match="broken is left out"):
        assert rows(spark, query) == [("weather",)]


def test_text_that_only_mentions_it_is_left_alone(spark):
    assert rows(spark, "SELECT 'information_schema' AS x") == [("information_schema",)]
