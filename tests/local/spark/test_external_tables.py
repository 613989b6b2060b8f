"""Writes to external tables replace the rows that Delta replaces; the engine's own would lose those with null."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

COLUMNS = "id bigint, g string"


@pytest.fixture
def external(spark, schema, tmp_path):
    """An external table of one file, with a null."""
    rows = spark.createDataFrame([(1, "a"), (2, "b"), (3, None)], COLUMNS).coalesce(1)
    rows.write.format("delta").save(str(tmp_path / "files"))
    spark.sql(f"CREATE TABLE e USING DELTA LOCATION '{tmp_path / 'files'}'")
    return tmp_path / "files"


REPLACED = {
    "overwrite": lambda s, f: f.writeTo("e").overwrite(F.col("g") == "a"),
    "replaceWhere": lambda s, f: (
        f.write.mode("overwrite").option("replaceWhere", "g = 'a'").saveAsTable("e")
    ),
    "statement": lambda s, f: s.sql("INSERT INTO e REPLACE WHERE g = 'a' VALUES (9, 'a')"),
}


@pytest.mark.parametrize("how", REPLACED)
def test_rows_of_a_condition_are_replaced_and_those_with_null_stay(spark, external, how):
    REPLACED[how](spark, spark.createDataFrame([(9, "a")], COLUMNS))
    assert {row["id"] for row in spark.table("e").collect()} == {2, 3, 9}


def test_a_row_that_breaks_the_condition_is_refused(spark, external):
    with pytest.raises(AnalysisException) as refused:
        spark.sql("INSERT INTO e REPLACE WHERE g = 'a' VALUES (9, 'b')")
    assert refused.value.getCondition() == "DELTA_REPLACE_WHERE_MISMATCH"
    assert spark.table("e").count() == 3


def test_other_writes_work_as_before(spark, external):
    frame = spark.createDataFrame([(9, "a")], COLUMNS)
    frame.write.mode("append").saveAsTable("e")
    frame.write.mode("ignore").saveAsTable("e")
    assert spark.table("e").count() == 4
    spark.sql("INSERT OVERWRITE e VALUES (8, 'b')")
    assert [tuple(row) for row in spark.table("e").collect()] == [(8, "b")]
    added = frame.withColumn("x", F.lit(1))
    added.write.mode("overwrite").option("mergeSchema", "true").saveAsTable("e")
    assert [tuple(row) for row in spark.table("e").collect()] == [(9, "a", 1)]
    frame.writeTo("e").createOrReplace()
    assert [tuple(row) for row in spark.table("e").collect()] == [(9, "a")]
    assert [tuple(r) for r in spark.read.format("delta").load(str(external)).collect()] == [
        (9, "a")
    ]


def test_the_option_path_is_the_place_of_an_external_table(spark, schema, tmp_path):
    frame = spark.createDataFrame([(9, "a"), (8, None)], COLUMNS)
    at = frame.write.option("path", str(tmp_path / "here")).mode("overwrite")
    at.saveAsTable("h")
    at.saveAsTable("h")
    assert spark.read.format("delta").load(str(tmp_path / "here")).count() == 2
    frame.write.saveAsTable("m")
    for table in ("h", "m"):
        with pytest.raises(AnalysisException) as refused:
            frame.write.option("path", str(tmp_path / "there")).mode("append").saveAsTable(table)
        assert refused.value.getCondition() == "DELTA_TABLE_LOCATION_MISMATCH"
        assert spark.table(table).count() == 2
    assert not (tmp_path / "there").exists()
