"""Each statement of Unity Catalog that the lessons use, and each refusal."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, ParseException

from lakelab.local.spark import LocalSparkSession
from lakelab.local.unity_catalog import PrimaryKey, TableName

KEYED = (
    "CREATE TABLE t (id BIGINT NOT NULL, ts TIMESTAMP NOT NULL, x DOUBLE COMMENT 'the x', {key})"
)


def table(spark: LocalSparkSession, name: str = "t"):
    return spark.unity.table(spark.resolve(name))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "CONSTRAINT k PRIMARY KEY (id, ts TIMESERIES)",
            PrimaryKey("k", ("id", "ts"), timeseries_column="ts"),
        ),
        ("CONSTRAINT k PRIMARY KEY (id)", PrimaryKey("k", ("id",))),
        ("PRIMARY KEY (ts TIMESERIES, id)", PrimaryKey("t_pk", ("ts", "id"), "ts")),
        ("primary key (id)", PrimaryKey("t_pk", ("id",))),
    ],
)
def test_create_table_keeps_the_primary_key(spark, schema, key, expected):
    spark.sql(KEYED.format(key=key))
    assert table(spark).primary_key == expected


def test_create_table_with_an_inline_key_and_everything_beside_it(spark, schema):
    spark.sql(
        "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, x DOUBLE COMMENT 'the x') "
        "COMMENT 'about t' TBLPROPERTIES ('quality' = 'gold')"
    )
    made = table(spark)
    assert made.primary_key == PrimaryKey("t_pk", ("id",))
    assert made.comment == "about t"
    assert made.properties == {"quality": "gold"}
    assert made.field("x")["metadata"]["comment"] == "the x"
    assert [field["nullable"] for field in made.fields] == [False, True]
    with pytest.raises(AnalysisException, match="NOT NULL"):
        spark.sql("INSERT INTO t VALUES (NULL, 1.0)")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE t (id BIGINT, PRIMARY KEY (id))", "nullable"),
        ("CREATE TABLE t (id BIGINT PRIMARY KEY)", "nullable"),
        ("CREATE TABLE t (id BIGINT NOT NULL, PRIMARY KEY (key))", "'key'.*It has: id"),
        (
            "CREATE TABLE t (a DATE NOT NULL, b DATE NOT NULL, "
            "PRIMARY KEY (a TIMESERIES, b TIMESERIES))",
            "at most one TIMESERIES",
        ),
    ],
)
def test_create_table_refuses_a_bad_key_and_makes_nothing(spark, schema, statement, message):
    with pytest.raises(AnalysisException, match=message):
        spark.sql(statement)
    assert not spark.catalog.tableExists(f"{schema}.t")


def test_alter_table_turns_a_table_into_a_feature_table(spark, schema):
    spark.createDataFrame([(1, "a"), (2, None)], "id bigint, x string").write.saveAsTable("t")
    with pytest.raises(AnalysisException, match="`id` is nullable.*SET NOT NULL"):
        spark.sql("ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id)")

    spark.sql("ALTER TABLE t ALTER COLUMN id SET NOT NULL")
    spark.sql("ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id)")

    assert table(spark).primary_key == PrimaryKey("t_pk", ("id",))
    assert spark.table("t").count() == 2
    with pytest.raises(AnalysisException, match="NOT NULL"):
        spark.sql("INSERT INTO t VALUES (NULL, 'c')")


def test_set_not_null_counts_the_nulls_it_finds(spark, schema):
    spark.createDataFrame([(1, "a"), (2, None)], "id bigint, x string").write.saveAsTable("t")
    before = table(spark).version
    with pytest.raises(AnalysisException, match="1 of its rows have null"):
        spark.sql("ALTER TABLE t ALTER COLUMN x SET NOT NULL")
    assert table(spark).version == before


def test_a_second_key_is_refused_until_the_first_is_dropped(spark, schema):
    spark.sql(KEYED.format(key="CONSTRAINT k PRIMARY KEY (id)"))
    with pytest.raises(AnalysisException, match="already has the primary key 'k'"):
        spark.sql("ALTER TABLE t ADD CONSTRAINT other PRIMARY KEY (id)")
    with pytest.raises(AnalysisException, match="no constraint `other`; it has `k`"):
        spark.sql("ALTER TABLE t DROP CONSTRAINT other")
    spark.sql("ALTER TABLE t DROP CONSTRAINT k")
    assert table(spark).primary_key is None
    spark.sql("ALTER TABLE t ADD PRIMARY KEY (ts TIMESERIES)")
    assert table(spark).primary_key == PrimaryKey("t_pk", ("ts",), "ts")
    spark.sql("ALTER TABLE t DROP PRIMARY KEY")
    assert table(spark).primary_key is None


@pytest.mark.parametrize("key", [None, PrimaryKey("new_pk", ("id", "ts"), "ts")])
def test_a_replaced_table_has_the_new_key_or_none(spark, schema, key):
    spark.sql(KEYED.format(key="CONSTRAINT k PRIMARY KEY (id)"))
    if key:
        statement = KEYED.format(key="CONSTRAINT new_pk PRIMARY KEY (id, ts TIMESERIES)")
        spark.sql(statement.replace("CREATE TABLE", "CREATE OR REPLACE TABLE"))
    else:
        spark.sql("CREATE OR REPLACE TABLE t AS SELECT 1 AS id")
    assert table(spark).primary_key == key
    assert table(spark).version > 0, "the history goes on"


def test_comments_on_tables_and_columns(spark, schema):
    spark.sql(KEYED.format(key="PRIMARY KEY (id)"))
    spark.sql("COMMENT ON TABLE t IS 'about t'")
    spark.sql("COMMENT ON COLUMN t.x IS 'about x'")
    spark.sql("ALTER TABLE t ALTER COLUMN id COMMENT 'about id'")
    assert table(spark).comment == "about t"
    told = {row["col_name"]: row["comment"] for row in spark.sql("DESCRIBE TABLE t").collect()}
    assert told == {"id": "about id", "ts": None, "x": "about x"}
    with pytest.raises(AnalysisException, match="no column 'y'. It has: id, ts, x"):
        spark.sql("COMMENT ON COLUMN t.y IS 'nothing'")


def test_tags_on_tables_and_columns(spark, schema):
    spark.sql(KEYED.format(key="PRIMARY KEY (id)"))
    spark.sql("ALTER TABLE t SET TAGS ('team' = 'ops', 'pii')")
    spark.sql(f"ALTER TABLE {schema}.t SET TAGS ('team' = 'data, science')")
    spark.sql("ALTER TABLE t ALTER COLUMN x SET TAGS ('unit' = 'F')")
    assert table(spark).tags == {"team": "data, science", "pii": ""}
    assert table(spark).column_tags == {"x": {"unit": "F"}}
    spark.sql("ALTER TABLE t UNSET TAGS ('pii', 'absent')")
    spark.sql("ALTER TABLE t ALTER COLUMN x UNSET TAGS ('unit')")
    assert table(spark).tags == {"team": "data, science"}
    assert table(spark).column_tags == {"x": {}}


def test_describe_extended_shows_what_the_catalog_knows(spark, schema):
    spark.sql(KEYED.format(key="CONSTRAINT k PRIMARY KEY (id, ts TIMESERIES)"))
    spark.sql("COMMENT ON TABLE t IS 'about t'")
    rows = {r["col_name"]: r["data_type"] for r in spark.sql("DESCRIBE EXTENDED t").collect()}
    assert rows["id"] == "bigint"
    assert rows["x"] == "double"
    assert rows["Comment"] == "about t"
    assert rows["Provider"] == "delta"
    assert rows["k"] == "PRIMARY KEY (`id`, `ts` TIMESERIES)"


def test_describe_history_lists_the_newest_version_first(spark, schema):
    spark.sql(KEYED.format(key="PRIMARY KEY (id)"))
    spark.sql("INSERT INTO t VALUES (1, TIMESTAMP '2013-01-01 10:00:00', 1.5)")
    spark.sql("DELETE FROM t WHERE id = 1")
    history = spark.sql("DESCRIBE HISTORY t").collect()
    assert [row["version"] for row in history] == [2, 1, 0]
    assert history[-1]["operation"] == "CREATE TABLE"
    assert history[0]["operation"] == "DELETE"
    assert spark.sql("SELECT * FROM t VERSION AS OF 1").count() == 1
    assert spark.table("t").count() == 0


def test_describe_detail_and_show_tblproperties(spark, schema):
    spark.sql(KEYED.format(key="PRIMARY KEY (id)"))
    spark.sql("ALTER TABLE t SET TBLPROPERTIES ('quality' = 'gold')")
    spark.sql("INSERT INTO t VALUES (1, TIMESTAMP '2013-01-01 10:00:00', 1.5)")
    detail = spark.sql("DESCRIBE DETAIL t").collect()[0]
    assert (detail["format"], detail["name"], detail["numFiles"]) == ("delta", f"{schema}.t", 1)
    shown = [tuple(row) for row in spark.sql("SHOW TBLPROPERTIES t").collect()]
    assert shown == [("quality", "gold")]


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


def test_schemas_are_made_used_and_dropped(spark, schema):
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    with pytest.raises(AnalysisException, match="already exists"):
        spark.sql(f"CREATE SCHEMA {schema}")
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    with pytest.raises(AnalysisException, match="CASCADE"):
        spark.sql(f"DROP SCHEMA {schema}")
    with pytest.raises(AnalysisException, match="does not exist"):
        spark.sql("USE main.absent")
    with pytest.raises(AnalysisException, match="Catalog 'absent' does not exist"):
        spark.sql("CREATE SCHEMA absent.s")
    assert spark.catalog.currentDatabase() == schema.partition(".")[2]
    spark.sql("USE SCHEMA default")
    assert spark.catalog.currentDatabase() == "default"


@pytest.mark.parametrize(
    "statement",
    [
        "OPTIMIZE t WHERE x = 1",
        "VACUUM t",
        "GRANT SELECT ON TABLE t TO `a@b.c`",
        "ALTER TABLE t ADD COLUMNS (y INT)",
        "CREATE SCHEMA main.with_comment COMMENT 'x'",
    ],
)
def test_other_statements_are_named_and_sent_to_databricks(spark, schema, statement):
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    with pytest.raises(ParseException, match="Databricks only") as refused:
        spark.sql(statement)
    assert statement.split()[0] in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE absent SET TAGS ('a' = 'b')",
        "ALTER TABLE absent ALTER COLUMN x SET NOT NULL",
        "COMMENT ON TABLE absent IS 'x'",
        "DESCRIBE HISTORY absent",
        "DESCRIBE EXTENDED absent",
        "SHOW TBLPROPERTIES absent",
    ],
)
def test_statements_about_an_unknown_table_say_so(spark, schema, statement):
    with pytest.raises(AnalysisException, match=r"absent.*does not exist|not found"):
        spark.sql(statement)


def test_comments_and_parameters_in_a_query(spark, schema):
    spark.sql("-- make it\n/* really */ CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY);")
    assert table(spark).primary_key is not None
    assert spark.sql("SELECT :a + 1 AS x", args={"a": 41}).collect()[0]["x"] == 42
    assert spark.sql("SELECT * FROM {frame}", frame=spark.range(3)).count() == 3


def test_names_are_completed_and_lower_case(spark, schema):
    catalog, name = schema.split(".")
    assert spark.resolve("T") == TableName(catalog, name, "t")
    assert spark.resolve("Other.T") == TableName("main", "other", "t")
    assert spark.resolve("dev.Other.`my table`") == TableName("dev", "other", "my table")
