"""Which rows and columns of a Delta table a writer replaces, for each writer and option, as in Delta."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

COLUMNS = "id bigint, g string, x double"
ROWS = [(1, "a", 1.0), (2, "b", 2.0), (3, "a", None), (4, None, 4.0)]


@pytest.fixture(params=["", "PARTITIONED BY (g)"], ids=["plain", "partitioned"])
def table(spark, schema, request):
    """A table with nulls, of one file or in partitions."""
    spark.sql(f"CREATE TABLE t (id BIGINT, g STRING, x DOUBLE) {request.param}")
    spark.createDataFrame(ROWS, COLUMNS).coalesce(1).write.mode("append").saveAsTable("t")
    return request.param


def written(spark, *rows):
    return spark.createDataFrame(rows, COLUMNS)


def found(spark):
    return sorted((tuple(row) for row in spark.table("t").collect()), key=str)


def overwrite(frame, **options):
    return frame.write.mode("overwrite").options(**options)


NEW = (9, "a", 9.0)
WITHOUT_A = sorted([ROWS[1], ROWS[3], NEW], key=str)

REPLACED = {
    "replaceWhere": lambda f: overwrite(f, replaceWhere="g = 'a'").saveAsTable("t"),
    "replaceWhere in another case": lambda f: overwrite(f, REPLACEWHERE="G = 'a'").saveAsTable("t"),
    "replaceWhere and insertInto": lambda f: overwrite(f, replaceWhere="g = 'a'").insertInto("t"),
    "writeTo.overwrite": lambda f: f.writeTo("t").overwrite(F.col("G") == "a"),
    "writeTo.overwrite of text": lambda f: f.writeTo("t").overwrite(F.expr("g = 'a'")),
}


@pytest.mark.parametrize("how", REPLACED)
def test_rows_of_a_condition_are_replaced_and_those_with_null_stay(spark, table, how):
    REPLACED[how](written(spark, NEW))
    assert found(spark) == WITHOUT_A
    history = spark.sql("DESCRIBE HISTORY t").collect()[0]
    assert history["operation"] == "WRITE"
    assert "g" in history["operationParameters"]["predicate"].lower()


@pytest.mark.parametrize("how", REPLACED)
@pytest.mark.parametrize("group", ["zz", None])
def test_a_row_that_breaks_the_condition_is_refused(spark, table, how, group):
    with pytest.raises(AnalysisException, match=" - g : ") as refused:
        REPLACED[how](written(spark, NEW, (10, group, 1.0)))
    assert refused.value.getCondition() == "DELTA_REPLACE_WHERE_MISMATCH"
    assert found(spark) == sorted(ROWS, key=str)


def test_nan_is_greater_than_any_number_in_a_condition(spark, table):
    written(spark, (7, "a", float("nan")), (8, "a", 8.0)).coalesce(1).write.mode(
        "append"
    ).saveAsTable("t")
    overwrite(written(spark, (9, "c", 99.0)), replaceWhere="x > 7.5D").saveAsTable("t")
    assert {row[0] for row in found(spark)} == {1, 2, 3, 4, 9}


CONDITIONS = {
    "g IS NULL": ((9, None, 9.0), {1, 2, 3, 9}),
    "id >= 3": (NEW, {1, 2, 9}),
    "true": (NEW, {9}),
    "g <=> 'b' OR x IS NULL": ((9, "b", 9.0), {1, 4, 9}),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_which_rows_a_condition_replaces(spark, table, condition):
    row, ids = CONDITIONS[condition]
    overwrite(written(spark, row), replaceWhere=condition).saveAsTable("t")
    assert {row[0] for row in found(spark)} == ids


def test_no_rows_replace_the_rows_of_a_condition(spark, table):
    overwrite(written(spark, NEW).limit(0), replaceWhere="g = 'a'").saveAsTable("t")
    assert {row[0] for row in found(spark)} == {2, 4}


DYNAMIC = {
    "option": lambda f: overwrite(f, partitionOverwriteMode="dynamic").saveAsTable("t"),
    "insertInto": lambda f: overwrite(f, partitionOverwriteMode="dynamic").insertInto("t"),
    "overwritePartitions": lambda f: f.writeTo("t").overwritePartitions(),
}


@pytest.mark.parametrize("how", DYNAMIC)
def test_only_the_partitions_of_the_rows_are_replaced(spark, table, how):
    DYNAMIC[how](written(spark, NEW, (10, "c", 1.0)))
    assert {row[0] for row in found(spark)} == ({2, 4, 9, 10} if table else {9, 10})


def test_the_setting_of_the_session_makes_overwrites_dynamic(spark, table):
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    try:
        overwrite(written(spark, (9, None, 9.0))).saveAsTable("t")
        assert {row[0] for row in found(spark)} == ({1, 2, 3, 9} if table else {9})
        overwrite(written(spark, NEW), partitionOverwriteMode="static").saveAsTable("t")
        assert {row[0] for row in found(spark)} == {9}
    finally:
        spark.conf.unset("spark.sql.sources.partitionOverwriteMode")


REFUSED = {
    "UNRESOLVED_COLUMN.WITH_SUGGESTION": {"replaceWhere": "nope = 1"},
    "DELTA_FAILED_RECOGNIZE_PREDICATE": {"replaceWhere": "g = "},
    "DELTA_ILLEGAL_OPTION": {"partitionOverwriteMode": "some"},
    "DELTA_INVALID_IDEMPOTENT_WRITES_OPTIONS": {"txnAppId": "a"},
    "UNSUPPORTED_FEATURE": {"replaceUsing": "g"},
}


@pytest.mark.parametrize("condition", REFUSED)
def test_options_that_are_refused_by_name(spark, table, condition):
    with pytest.raises(AnalysisException) as refused:
        overwrite(written(spark, NEW), **REFUSED[condition]).saveAsTable("t")
    assert refused.value.getCondition() == condition
    assert found(spark) == sorted(ROWS, key=str)


REPLACE_TABLE = {
    "replace": lambda f: f.writeTo("t").tableProperty("p", "q").replace(),
    "createOrReplace": lambda f: f.writeTo("t").tableProperty("p", "q").createOrReplace(),
}


@pytest.mark.parametrize("how", REPLACE_TABLE)
def test_a_replaced_table_has_the_columns_and_properties_of_the_write(spark, table, how):
    spark.sql("ALTER TABLE t SET TBLPROPERTIES ('old' = '1')")
    before = spark.unity.table(spark.resolve("t")).version
    REPLACE_TABLE[how](written(spark, NEW).select("id", F.col("x").alias("y")))
    assert spark.table("t").columns == ["id", "y"]
    assert [tuple(row) for row in spark.table("t").collect()] == [(9, 9.0)]
    after = spark.unity.table(spark.resolve("t"))
    assert (after.version, after.properties) == (before + 1, {"p": "q"})
    assert after.delta.metadata().partition_columns == []
    spark.sql("INSERT INTO t VALUES (10, NULL)")
    assert spark.table("t").count() == 2


def test_other_partition_columns_are_refused(spark, table):
    for mode in ("append", "overwrite"):
        with pytest.raises(AnalysisException, match="Partition columns do not match") as refused:
            written(spark, NEW).write.mode(mode).partitionBy("id").saveAsTable("t")
        assert refused.value.getCondition() == "DELTA_METADATA_MISMATCH"


NO_DELTA_TABLE = [
    lambda f: f.write.bucketBy(2, "id").saveAsTable("n"),
    lambda f: f.write.format("parquet").saveAsTable("n"),
]


@pytest.mark.parametrize("write", NO_DELTA_TABLE)
def test_what_is_no_delta_table_is_refused(spark, schema, write):
    with pytest.raises(AnalysisException, match="[Bb]ucketing|Delta table"):
        write(written(spark, NEW))
    assert not spark.catalog.tableExists("n")


def test_a_path_is_written_as_a_table_is(spark, tmp_path):
    path = str(tmp_path / "p")
    spark.createDataFrame(ROWS, COLUMNS).coalesce(1).write.format("delta").save(path)
    overwrite(written(spark, NEW), replaceWhere="g = 'a'").format("delta").save(path)
    rows = spark.read.format("delta").load(path).collect()
    assert {row["id"] for row in rows} == {2, 4, 9}
    with pytest.raises(AnalysisException) as refused:
        overwrite(written(spark, ROWS[1]), replaceWhere="g = 'a'").format("delta").save(path)
    assert refused.value.getCondition() == "DELTA_REPLACE_WHERE_MISMATCH"


def test_partitions_of_files_are_not_overwritten_silently(spark, tmp_path):
    path = str(tmp_path / "files")
    spark.createDataFrame(ROWS, COLUMNS).write.partitionBy("g").parquet(path)
    some = overwrite(written(spark, NEW), partitionOverwriteMode="dynamic").partitionBy("g")
    with pytest.raises(AnalysisException, match="dynamic is supported for Delta tables"):
        some.parquet(path)
    assert spark.read.parquet(path).count() == len(ROWS)


def test_insert_into_needs_as_many_columns(spark, table):
    for frame, kind in (
        (written(spark, NEW).select("id"), "DELTA_INSERT_COLUMN_ARITY_MISMATCH"),
        (written(spark, NEW).withColumn("n", F.lit(1)), "DELTA_METADATA_MISMATCH"),
    ):
        with pytest.raises(AnalysisException) as refused:
            frame.write.insertInto("t")
        assert refused.value.getCondition() == kind
