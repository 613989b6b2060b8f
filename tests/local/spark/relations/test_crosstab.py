"""crosstab has its columns in the order of their names; values of Spark's documentation."""

from __future__ import annotations


def test_columns_are_in_the_order_of_names(spark):
    rows = [(1, 11), (1, 11), (3, 10), (4, 8), (4, 8)]
    table = spark.createDataFrame(rows, ["c1", "c2"]).crosstab("c1", "c2")
    assert table.columns == ["c1_c2", "10", "11", "8"]
    assert [tuple(row) for row in table.sort("c1_c2").collect()] == [
        ("1", 0, 2, 0),
        ("3", 1, 0, 0),
        ("4", 0, 0, 2),
    ]


def test_null_is_a_value_of_its_own(spark):
    frame = spark.createDataFrame([("a", None), (None, "x"), ("a", "x")], "p string, q string")
    table = frame.stat.crosstab("p", "q")
    assert table.columns == ["p_q", "null", "x"]
    assert {tuple(row) for row in table.collect()} == {("a", 1, 1), ("null", 0, 1)}


def test_columns_of_the_table_can_be_selected(spark):
    table = spark.createDataFrame([("a", "x")], ["p", "q"]).crosstab("p", "q")
    assert table.select(table["x"]).collect() == [(1,)]
