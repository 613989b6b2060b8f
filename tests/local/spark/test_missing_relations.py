"""Relations are replaced wherever they stand in a plan."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F


def test_a_relation_inside_others_is_replaced(spark):
    frame = spark.createDataFrame([(1, "x"), (2, "y")], ["a", "b"])
    part, _ = frame.crosstab("a", "b").zipWithIndex().randomSplit([1.0, 0.0], seed=1)
    assert part.columns == ["a_b", "x", "y", "index"]
    assert part.count() == 2


def test_a_view_of_a_replaced_relation_can_be_read(spark):
    spark.createDataFrame([(1, "x")], ["a", "b"]).crosstab("a", "b").createOrReplaceTempView(
        "table_of_counts"
    )
    try:
        assert spark.sql("SELECT x FROM table_of_counts").collect() == [(1,)]
    finally:
        spark.catalog.dropTempView("table_of_counts")


@pytest.mark.parametrize("is_eager", [True, False])
def test_a_checkpoint_keeps_its_rows(spark, is_eager):
    frame = spark.range(5).withColumn("x", F.rand())
    for saved in (frame.checkpoint(is_eager), frame.localCheckpoint(is_eager)):
        assert saved.collect() == saved.collect()
        assert saved.select(saved.id).where(saved.id > 3).collect() == [(4,)]
