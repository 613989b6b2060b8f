"""The relations of ``information_schema``."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.securable import Securable
from tests.local.sql.statement_rows import BEN, Refusal, check_refused, row_id, rows

REFUSALS = [
    Refusal(
        "SELECT * FROM information_schema.volumes",
        None,
        r"information_schema\.volumes is not answered",
    ),
]


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_relations_have_the_documented_columns(spark, fresh_schema):
    types = dict(spark.sql("SELECT * FROM information_schema.columns").dtypes)
    assert list(types)[:5] == [
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
    ]  # fmt: skip
    assert len(types) == 33
    assert (types["ordinal_position"], types["comment"]) == ("int", "string")
    spark.sql("CREATE TABLE kinds (d DECIMAL(9,2), l BIGINT, f DOUBLE, t TIMESTAMP, a ARRAY<INT>)")
    found = rows(
        spark.sql(
            "SELECT ordinal_position, full_data_type, data_type, numeric_precision, numeric_scale, "
            "datetime_precision FROM system.information_schema.columns WHERE table_name = 'kinds' "
            f"AND table_schema = '{fresh_schema['schema']}' ORDER BY 1"
        )
    )
    assert found == [
        (1, "decimal(9,2)", "DECIMAL", 9, 2, None),
        (2, "bigint", "LONG", 64, 0, None),
        (3, "double", "DOUBLE", 53, None, None),
        (4, "timestamp", "TIMESTAMP", None, None, 3),
        (5, "array<int>", "ARRAY", None, None, None),
    ]
    table = spark.sql(
        "SELECT * FROM information_schema.tables WHERE table_name = 't' AND table_schema = "
        f"'{fresh_schema['schema']}'"
    ).first()
    assert list(table.asDict()) == [
        "table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into",
        "commit_action", "table_owner", "comment", "created", "created_by", "last_altered",
        "last_altered_by", "data_source_format", "storage_sub_directory", "storage_path",
    ]  # fmt: skip
    assert table["created"] < table["last_altered"]


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


def test_tables(spark, weather):
    _, schema, table = weather.split(".")
    found = rows_of(
        spark,
        f"SELECT table_catalog, table_schema, table_name, table_owner, comment, table_type "
        f"FROM main.information_schema.tables WHERE table_schema = '{schema}'",
    )
    comment = 'Ana\'s "weather" \\ {x}\nnew line'
    assert found == [("main", schema, table, "learner@example.com", comment, "MANAGED")]


def test_tags_by_a_name_of_two_levels_and_an_alias(spark, weather):
    schema = weather.split(".")[1]
    assert rows_of(
        spark,
        f"SELECT t.tag_name, t.tag_value, c.column_name FROM information_schema.table_tags AS t "
        f"JOIN INFORMATION_SCHEMA.columns AS c USING (table_name) "
        f"WHERE t.schema_name = '{schema}' AND c.table_schema = '{schema}' AND c.column_name = 'id' "
        f"ORDER BY 1",
    ) == [("domain", "weather", "id"), ("reviewed", "", "id")]


def test_another_catalog_does_not_have_the_rows(spark, weather):
    schema = weather.split(".")[1]
    query = f"SELECT * FROM dev.information_schema.table_tags WHERE schema_name = '{schema}'"
    assert rows_of(spark, query) == []
    assert spark.sql(query).columns[-1] == "tag_value"


def test_hive_metastore_is_left_out(spark, weather):
    name = f"hive_metastore.default.{weather.split('.')[1]}"
    spark.sql(f"CREATE TABLE {name} AS SELECT 1 AS id")
    found = rows_of(spark, "SELECT table_catalog FROM system.information_schema.tables")
    spark.sql(f"DROP TABLE {name}")
    assert ("main",) in found
    assert ("hive_metastore",) not in found


def test_user_sees_granted_tables_only(spark, weather):
    ben, schema = spark.workspace_session("b", BEN), weather.split(".")[1]
    query = (
        f"SELECT tag_name FROM main.information_schema.table_tags WHERE schema_name = '{schema}'"
    )
    assert rows_of(ben, query) == []
    spark.unity.governance.change_grants(Securable("table", weather), BEN, add=["BROWSE"])
    assert sorted(rows_of(ben, query)) == [("domain",), ("reviewed",)]
    found = ben.sql("SELECT * FROM main.information_schema.tables").collect()
    assert [(row["table_name"], row["storage_path"]) for row in found] == [("weather", None)]


def test_broken_table_hides_no_other(spark, weather):
    _, schema, _ = weather.split(".")
    broken = spark.unity.path(spark.resolve(weather)).parents[1] / "broken" / "_delta_log"
    broken.mkdir(parents=True)
    (broken / f"{0:020}.json").write_text("this is not a commit")
    query = f"SELECT table_name FROM main.information_schema.tables WHERE table_schema = '{schema}'"
    with pytest.warns(UserWarning, match="broken is left out"):
        assert rows_of(spark, query) == [("weather",)]


def test_text_that_mentions_information_schema_is_unchanged(spark):
    assert rows_of(spark, "SELECT 'information_schema' AS x") == [("information_schema",)]


def rows_of(session, query):
    return rows(session.sql(query))
