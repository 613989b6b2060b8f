"""Rows of a Delta folder outside Unity Catalog change with the columns that the folder has now."""

from __future__ import annotations

import shutil

import pytest
from deltalake import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F


@pytest.fixture
def rewrite(spark, schema, tmp_path):
    """A function that deletes the folder, and writes it again with other columns and values."""

    def write(value: object, kind: str) -> str:
        folder = tmp_path / "files"
        shutil.rmtree(folder, ignore_errors=True)
        rows = spark.createDataFrame([(1, value), (2, value)], f"k int, v {kind}").coalesce(1)
        rows.write.format("delta").save(str(folder))
        return str(folder)

    return write


CHANGES = {
    "DELETE": "DELETE FROM {} AS t WHERE t.k = 1",
    "UPDATE": "UPDATE {} SET k = 1 WHERE k = 1",
    "MERGE": "MERGE INTO {} AS t USING (SELECT 1 AS k) AS s ON t.k = s.k WHEN MATCHED THEN DELETE",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", ["path", "external table"])
def test_values_are_not_cast_to_columns_that_are_gone(spark, rewrite, change, place):
    for value, kind in ((1, "int"), (1.5, "double"), ("x", "string")):
        path = rewrite(value, kind)
        table = f"delta.`{path}`"
        if place == "external table":
            spark.sql("DROP TABLE IF EXISTS e")
            spark.sql(f"CREATE TABLE e USING DELTA LOCATION '{path}'")
            table = "e"
        assert spark.sql(CHANGES[change].format(table)).first()[0] == 1
        rows = spark.read.format("delta").load(path).collect()
        assert {row.v for row in rows} == {value}
        assert [
            tuple(row) for row in spark.sql(f"SELECT v FROM {table} WHERE k = 2").collect()
        ] == [(value,)]


def test_merge_into_an_external_table_takes_its_name_in_the_condition(spark, rewrite):
    source = spark.createDataFrame([(1,)], "k int").alias("s")
    for value, kind in ((1, "int"), (1.5, "double")):
        path = rewrite(value, kind)
        spark.sql("DROP TABLE IF EXISTS e")
        spark.sql(f"CREATE TABLE e USING DELTA LOCATION '{path}'")
        source.mergeInto("e", F.expr("e.k = s.k")).whenMatched().delete().merge()
        assert [tuple(row) for row in spark.table("e").collect()] == [(2, value)]
    described = {
        row["col_name"]: row["data_type"] for row in spark.sql("DESCRIBE EXTENDED e").collect()
    }
    assert described["Location"].endswith(path)


def test_columns_may_have_the_name_of_the_external_table(spark, rewrite):
    spark.sql(f"CREATE TABLE e USING DELTA LOCATION '{rewrite(1, 'int')}'")
    spark.sql("UPDATE e SET v = 7 WHERE e.k = 2")
    assert sorted(map(tuple, spark.table("e").collect())) == [(1, 1), (2, 7)]


@pytest.mark.parametrize("table", ["delta.`{}`", "e"])
def test_check_constraints_of_the_folder_hold(spark, rewrite, table):
    path = rewrite(1, "int")
    spark.sql(f"CREATE TABLE e USING DELTA LOCATION '{path}'")
    DeltaTable(path).alter.add_constraint({"positive": "v > 0"})
    with pytest.raises(AnalysisException) as refused:
        spark.sql(f"UPDATE {table.format(path)} SET v = -1")
    assert refused.value.getCondition() == "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"
    assert {row.v for row in spark.read.format("delta").load(path).collect()} == {1}
