"""What a table gets and keeps when a DataFrame is written to it."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import Row
from pyspark.sql import functions as F

from .tables import frame, nullable


def test_a_merged_schema_gets_its_new_column(spark, planes):
    wider = frame(spark, ("N2", 4, 1999), columns="tailnum string, seats int, year int")
    wider.write.option("mergeSchema", "true").mode("overwrite").saveAsTable("planes")
    assert nullable(spark, planes) == {"tailnum": False, "seats": True, "year": True}


def test_overwrite_schema_replaces_it_as_it_says(spark, planes):
    frame(spark, ("N2", 4)).write.option("overwriteSchema", "true").mode("overwrite").saveAsTable(
        "planes"
    )
    assert nullable(spark, planes) == {"tailnum": True, "seats": True}


def test_the_option_comment_is_the_comment_of_a_new_table(spark, schema):
    frame(spark, ("N1", 2)).write.option("comment", "It's ours").saveAsTable("commented")
    assert spark.unity.table(spark.resolve("commented")).comment == "It's ours"


def test_the_comment_of_a_table_that_is_there_stays(spark, planes):
    frame(spark, ("N2", 4)).write.option("comment", "other").mode("append").saveAsTable("planes")
    assert spark.unity.table(planes).comment == "ours"


def test_set_not_null_is_seen_at_once(spark, schema):
    frame(spark, ("N1", 2)).write.saveAsTable("later")
    spark.sql("ALTER TABLE later ALTER COLUMN tailnum SET NOT NULL")
    assert nullable(spark, spark.resolve("later"))["tailnum"] is False
    with pytest.raises(AnalysisException, match="NULL"):
        spark.sql("ALTER TABLE later ADD CONSTRAINT p PRIMARY KEY (seats)")


# ---- the columns of a table that is made of a DataFrame -------------------------------------------------
def with_literals(frame):
    """Add columns that the engine knows to have no nulls."""
    return frame.withColumn("one", F.lit(1)).withColumn(
        "parts", F.array(F.struct(F.lit(2).alias("q")))
    )


MAKE = {
    "saveAsTable": lambda frame: frame.write.saveAsTable("made"),
    "overwriteSchema": lambda frame: (
        frame.select("one").write.saveAsTable("made"),
        frame.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("made"),
    ),
    "writeTo": lambda frame: frame.writeTo("made").create(),
    "createOrReplace": lambda frame: frame.writeTo("made").createOrReplace(),
    "CREATE TABLE AS": lambda frame: frame.sparkSession.sql(
        "CREATE TABLE made COMMENT 'ours' AS SELECT 'N2' AS tailnum, 4 AS seats, 1 AS one, "
        "array(named_struct('q', 2)) AS parts"
    ),
    "CREATE OR REPLACE": lambda frame: (
        frame.select("one").write.saveAsTable("made"),
        frame.sparkSession.sql(
            "CREATE OR REPLACE TABLE made AS SELECT 'N2' AS tailnum, 4 AS seats, 1 AS one, "
            "array(named_struct('q', 2)) AS parts"
        ),
    ),
}


@pytest.mark.parametrize("how", MAKE)
def test_all_columns_of_a_table_made_of_a_dataframe_may_be_null(spark, schema, how):
    MAKE[how](with_literals(frame(spark, ("N2", 4))))
    name = spark.resolve("made")
    assert set(nullable(spark, name).values()) == {True}
    (parts,) = (field for field in spark.unity.table(name).fields if field["name"] == "parts")
    assert parts["type"]["containsNull"]
    assert parts["type"]["elementType"]["fields"][0]["nullable"]
    spark.sql("INSERT INTO made VALUES (NULL, NULL, NULL, NULL), ('N3', 1, 1, array(NULL))")
    found = {row["tailnum"]: row["parts"] for row in spark.table("made").collect()}
    assert found == {"N2": [Row(q=2)], None: None, "N3": [None]}


def test_a_merged_column_is_null_in_the_rows_before_it(spark, planes):
    frame(spark, ("N2", 4)).withColumn("one", F.lit(1)).write.option("mergeSchema", "true").mode(
        "append"
    ).saveAsTable("planes")
    found = {row["tailnum"]: row["one"] for row in spark.table("planes").collect()}
    assert found == {"N1": None, "N2": 1}
    assert nullable(spark, planes) == {"tailnum": False, "seats": True, "one": True}


def test_an_append_with_nulls_in_a_key_adds_no_column(spark, planes):
    wider = frame(spark, (None, 4)).withColumn("one", F.lit(1))
    with pytest.raises(Exception, match=r"(?i)not.null|non-nullable"):
        wider.write.option("mergeSchema", "true").mode("append").saveAsTable("planes")
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_columns_that_a_dataframe_leaves_out_are_null(spark, planes, mode):
    frame(spark, ("N2",), columns="TailNum string").write.mode(mode).saveAsTable("planes")
    rows = {tuple(row) for row in spark.table("planes").collect()}
    assert rows == {("N2", None)} | ({("N1", 2)} if mode == "append" else set())
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}


def test_a_default_is_not_overwritten_with_null(spark, schema):
    spark.sql(
        "CREATE TABLE d (a INT, b INT DEFAULT 7, c INT) "
        "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
    )
    frame(spark, (1,), columns="a int").write.mode("append").saveAsTable("d")
    assert [tuple(row) for row in spark.table("d").collect()] == [(1, 7, None)]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_column_that_the_table_does_not_have_is_refused(spark, planes, mode):
    wider = frame(spark, ("N2", 4)).withColumn("year", F.lit(1999))
    with pytest.raises(AnalysisException, match="no column year.*mergeSchema") as refused:
        wider.write.mode(mode).saveAsTable("planes")
    assert refused.value.getCondition() == "DELTA_METADATA_MISMATCH"
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]


def test_insert_into_goes_by_position(spark, planes):
    frame(spark, ("N2", 4), columns="a string, b int").write.insertInto("planes")
    assert spark.table("planes").count() == 2


def clustering(spark, table="made"):
    return spark.unity.table(spark.resolve(table)).clustering


CLUSTER = {
    "saveAsTable": lambda frame: frame.write.clusterBy("SEATS").saveAsTable("made"),
    "writeTo": lambda frame: frame.writeTo("made").clusterBy("seats").create(),
    "overwriteSchema": lambda frame: (
        frame.write.saveAsTable("made"),
        frame.write.clusterBy("seats")
        .mode("overwrite")
        .option("overwriteSchema", "true")
        .saveAsTable("made"),
    ),
    "createOrReplace": lambda frame: (
        frame.write.saveAsTable("made"),
        frame.writeTo("made").clusterBy("seats").createOrReplace(),
    ),
}


@pytest.mark.parametrize("how", CLUSTER)
def test_a_table_is_clustered_by_the_columns_that_a_writer_names(spark, schema, how):
    CLUSTER[how](frame(spark, ("N2", 4), ("N3", 2)))
    assert clustering(spark) == ["seats"]
    frame(spark, ("N4", 3)).write.mode("append").saveAsTable("made")
    spark.sql("OPTIMIZE made")
    assert [row["seats"] for row in spark.table("made").collect()] == [2, 3, 4]


def test_an_append_cannot_cluster_a_table_otherwise(spark, schema):
    CLUSTER["saveAsTable"](frame(spark, ("N2", 4)))
    more = frame(spark, ("N3", 2)).write.mode("append")
    with pytest.raises(AnalysisException, match="provided: tailnum\n- existing: seats") as refused:
        more.clusterBy("tailnum").saveAsTable("made")
    assert refused.value.getCondition() == "DELTA_CLUSTERING_COLUMNS_MISMATCH"
    more.clusterBy("seats").saveAsTable("made")
    assert (clustering(spark), spark.table("made").count()) == (["seats"], 2)


def test_a_column_to_cluster_by_is_there(spark, schema):
    with pytest.raises(AnalysisException, match="no column 'absent' to cluster by"):
        frame(spark, ("N2", 4)).write.clusterBy("absent").saveAsTable("made")
    assert not spark.catalog.tableExists("made")


NOT_THERE = {
    "TABLE_OR_VIEW_ALREADY_EXISTS": [
        lambda frame: frame.write.saveAsTable("planes"),
        lambda frame: frame.write.mode("error").saveAsTable("planes"),
        lambda frame: frame.writeTo("planes").create(),
    ],
    "SCHEMA_NOT_FOUND": [
        lambda frame: frame.write.saveAsTable("main.absent.planes"),
        lambda frame: frame.write.mode("append").saveAsTable("main.absent.planes"),
        lambda frame: frame.writeTo("main.absent.planes").createOrReplace(),
    ],
    "NO_SUCH_CATALOG_EXCEPTION": [lambda frame: frame.write.saveAsTable("absent.s.planes")],
}


@pytest.mark.parametrize(
    ("condition", "write"), [(c, write) for c, writes in NOT_THERE.items() for write in writes]
)
def test_a_place_where_no_table_can_be_made(spark, planes, condition, write):
    with pytest.raises(AnalysisException) as refused:
        write(frame(spark, ("N2", 4)))
    assert refused.value.getCondition() == condition
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]


def test_mode_ignore_leaves_the_table(spark, planes):
    with_literals(frame(spark, ("N2", 4))).write.mode("ignore").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]


NEW_WITH_PROPERTY = {
    "option": lambda f, name, value, path: f.write.option(name, value).saveAsTable("p"),
    "tableProperty": lambda f, name, value, path: (
        f.writeTo("p").tableProperty(name, value).create()
    ),
    "path": lambda f, name, value, path: f.write.format("delta").option(name, value).save(path),
}


@pytest.mark.parametrize("how", NEW_WITH_PROPERTY)
def test_a_new_table_has_properties_of_delta_only(spark, schema, tmp_path, how):
    path = str(tmp_path / "p")
    with pytest.raises(AnalysisException) as refused:
        NEW_WITH_PROPERTY[how](frame(spark, ("N1", 2)), "delta.nope", "1", path)
    assert refused.value.getCondition() == "DELTA_UNKNOWN_CONFIGURATION"
    with pytest.raises(Exception, match="perhaps"):
        NEW_WITH_PROPERTY[how](frame(spark, ("N1", 2)), "delta.appendOnly", "perhaps", path)
    assert not spark.catalog.tableExists("p")
    assert not (tmp_path / "p").exists()
    NEW_WITH_PROPERTY[how](frame(spark, ("N1", 2)), "delta.appendOnly", "true", path)
