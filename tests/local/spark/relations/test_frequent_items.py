"""freqItems returns what Spark's algorithm keeps; values of Spark's documentation."""

from __future__ import annotations

from pyspark.sql import functions as F

from lakelab.local.spark.relations.frequent_items import frequent_items


def test_frequent_items_of_columns(spark):
    rows = [(1, 11), (1, 11), (3, 10), (4, 8), (4, 8)]
    items = spark.createDataFrame(rows, ["c1", "c2"]).freqItems(["c1", "c2"])
    ordered = items.select([F.sort_array(c).alias(c) for c in items.columns])
    assert ordered.columns == ["c1_freqItems", "c2_freqItems"]
    assert [tuple(row) for row in ordered.collect()] == [([1, 3, 4], [8, 10, 11])]


def test_rare_items_leave(spark):
    frame = spark.createDataFrame([("a",)] * 5 + [("b",), ("c",)] + [("a",)] * 3, ["x"])
    assert frame.coalesce(1).stat.freqItems(["x"], 0.5).first()[0] == ["a"]


def test_null_is_an_item(spark):
    frame = spark.createDataFrame([(None,), (None,), ("a",)], "x string")
    assert set(frame.freqItems(["x"], 0.5).first()[0]) == {None, "a"}


def test_an_item_without_a_place_lowers_all_counts():
    assert frequent_items([1, 1, 1, 2, 2, 3], 2) == [1, 2]
    assert frequent_items([1, 1, 1, 2, 2, 3, 3], 2) == [1]
