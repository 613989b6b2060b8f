"""A CHECK constraint holds whatever changes the rows, and what breaks it leaves them as they were."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from lakelab.local.delta.log import LogSnapshot
from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.spark.row_counts import commit_of

GOOD = [(1, 1.0), (2, 2.0), (3, 3.0)]


@pytest.fixture
def checked(spark, schema):
    """A table with three files."""
    spark.sql("CREATE TABLE checked (id BIGINT NOT NULL PRIMARY KEY, v DOUBLE)")
    for id_, v in GOOD:
        spark.sql(f"INSERT INTO checked VALUES ({id_}, {v})")
    spark.sql("ALTER TABLE checked ADD CONSTRAINT positive CHECK (v > 0)")
    return spark.resolve("checked")


def rows(spark):
    return sorted(tuple(row) for row in spark.table("checked").collect())


def frame(spark, v=-1.0):
    return spark.createDataFrame([(1, v)], "id long, v double")


BREAK = {
    "INSERT": lambda spark: spark.sql("INSERT INTO checked VALUES (4, -1)"),
    "INSERT OVERWRITE": lambda spark: spark.sql("INSERT OVERWRITE checked SELECT 4L, -1D"),
    "UPDATE": lambda spark: spark.sql("UPDATE checked SET v = v - 2 WHERE id < 3"),
    "null": lambda spark: spark.sql("UPDATE checked SET v = NULL WHERE id = 3"),
    "MERGE": lambda spark: spark.sql(
        "MERGE INTO checked t USING (SELECT 1L AS id, -1D AS v UNION ALL SELECT 9L, 9D) s "
        "ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    ),
    "mergeInto": lambda spark: (
        frame(spark)
        .alias("s")
        .mergeInto("checked", F.expr("checked.id = s.id"))
        .whenMatched()
        .updateAll()
        .merge()
    ),
    "append": lambda spark: frame(spark).write.mode("append").saveAsTable("checked"),
    "overwrite": lambda spark: frame(spark).write.mode("overwrite").saveAsTable("checked"),
    "replaceWhere": lambda spark: (
        frame(spark).write.mode("overwrite").option("replaceWhere", "id = 1").saveAsTable("checked")
    ),
    "writeTo": lambda spark: frame(spark).writeTo("checked").overwrite(F.col("id") == 1),
    "write_table": lambda spark: FeatureEngineeringClient().write_table(
        name="checked", df=frame(spark), mode="merge"
    ),
}


@pytest.mark.parametrize("how", BREAK)
def test_a_row_that_breaks_it_is_refused(spark, checked, how):
    with pytest.raises(AnalysisException, match=r"(?s)positive \(v > 0\)") as refused:
        BREAK[how](spark)
    assert "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES" in str(refused.value)
    assert rows(spark) == GOOD
    assert spark.unity.table(checked).checks == {"positive": "v > 0"}
    spark.sql("UPDATE checked SET v = v + 1 WHERE id = 1")  # and the table goes on as before
    assert rows(spark) == [(1, 2.0), *GOOD[1:]]
    assert spark.sql("DELETE FROM checked WHERE v > 2.5").first()["num_affected_rows"] == 1


def test_the_refusal_shows_a_row(spark, checked):
    with pytest.raises(
        AnalysisException, match=r"violated by row with values:\n - v : -3.0"
    ) as refused:
        spark.sql("UPDATE checked SET v = -3 WHERE id = 2")
    assert refused.value.getCondition() == "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"
    assert refused.value.getSqlState() == "23001"


def test_a_constraint_of_several_columns(spark, checked):
    spark.sql("ALTER TABLE checked ADD CONSTRAINT more CHECK (v >= id AND id IN (1, 2, 3))")
    with pytest.raises(AnalysisException, match=r"(?s)more.* - v : 1.5\n - id : 2"):
        spark.sql("UPDATE checked SET v = 1.5 WHERE id = 2")
    assert rows(spark) == GOOD


def test_rows_that_others_added_meanwhile_stay_when_a_commit_is_taken_back(spark, checked):
    table = spark.unity.table(checked)
    before = LogSnapshot.read(table.path)
    spark.sql("UPDATE checked SET v = 7 WHERE id < 3")
    spark.sql("INSERT INTO checked VALUES (8, 8)")
    version = commit_of(before, "UPDATE")
    table.revert_commit(version)
    assert rows(spark) == [*GOOD, (8, 8.0)]
    history = spark.sql("DESCRIBE HISTORY checked LIMIT 3").collect()
    assert [row["operation"] for row in history] == ["RESTORE", "WRITE", "UPDATE"]
    counted = spark.unity.table(checked).delta.get_add_actions(flatten=True)
    assert sum(counted.column("num_records").to_pylist()) == 4  # with their statistics


@pytest.mark.parametrize("value", [1e-20, 0.5, float("-inf")])
def test_a_fraction_beside_a_double_is_a_double_for_every_writer(spark, schema, value):
    spark.sql("CREATE TABLE fractions (id BIGINT NOT NULL PRIMARY KEY, x DOUBLE)")
    spark.sql("ALTER TABLE fractions ADD CONSTRAINT large CHECK (coalesce(x, 0.5) > 0.5)")
    good = spark.createDataFrame([(7, 1e20), (8, 1e300)], "id long, x double")
    good.write.mode("append").saveAsTable("fractions")
    spark.sql("INSERT INTO fractions VALUES (9, 1e20D)")
    bad = spark.createDataFrame([(9, value)], "id long, x double")
    for write in (
        lambda: bad.write.mode("append").saveAsTable("fractions"),
        lambda: bad.writeTo("fractions").append(),
        lambda: spark.sql(f"INSERT INTO fractions VALUES (9, double('{value}'))"),
        lambda: spark.sql(f"UPDATE fractions SET x = double('{value}') WHERE id = 9"),
        lambda: FeatureEngineeringClient().write_table(name="fractions", df=bad, mode="merge"),
    ):
        with pytest.raises(AnalysisException, match="DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"):
            write()
    assert spark.table("fractions").count() == 3


def test_a_function_that_is_rewritten_holds_for_insert(spark, checked):
    spark.sql("ALTER TABLE checked ADD CONSTRAINT day CHECK (weekday(DATE '2026-01-01') > id - 7)")
    spark.sql("INSERT INTO checked VALUES (9, 1)")
    with pytest.raises(AnalysisException, match="DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"):
        spark.sql("INSERT INTO checked VALUES (10, 1)")
    assert spark.unity.table(checked).checks["positive"] == "v > 0"  # as the user wrote it
