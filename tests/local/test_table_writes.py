"""What a table keeps when `DataFrameWriter` writes it."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException


@pytest.fixture
def planes(spark, schema):
    spark.sql(
        "CREATE TABLE planes (tailnum STRING NOT NULL, seats INT, PRIMARY KEY (tailnum)) COMMENT 'ours'"
    )
    spark.sql("INSERT INTO planes VALUES ('N1', 2)")
    return spark.unity.table(spark.resolve("planes")).name


def frame(spark, *rows, columns="tailnum string, seats int"):
    return spark.createDataFrame(rows, columns)


def nullable(spark, name):
    """Say it as the Delta log has it, and as the engine does: they must agree."""
    log = {field["name"]: field["nullable"] for field in spark.unity.table(name).fields}
    assert {f.name: f.nullable for f in spark.table(name.quoted).schema} == log
    return log


@pytest.mark.parametrize("options", [{}, {"mergeSchema": "true"}])
def test_an_overwrite_keeps_not_null_key_and_comment(spark, planes, options):
    frame(spark, ("N2", 4)).write.options(**options).mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N2", 4)]
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}
    table = spark.unity.table(planes)
    assert table.primary_key.columns == ("tailnum",)
    assert table.comment == "ours"


@pytest.mark.parametrize("options", [{}, {"mergeSchema": "true"}])
def test_an_overwrite_with_nulls_in_a_key_is_refused_and_nothing_changes(spark, planes, options):
    with pytest.raises(Exception, match=r"(?i)not.null|non-nullable"):
        frame(spark, (None, 4)).write.options(**options).mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}


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
