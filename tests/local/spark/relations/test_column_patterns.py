"""colRegex selects columns by Java's regular expressions; values of Spark's documentation."""

from __future__ import annotations


def test_columns_of_a_pattern(spark):
    frame = spark.createDataFrame([("a", 1, 2)], ["Col1", "Col2", "other"])
    assert frame.select(frame.colRegex("`(Col1)?+.+`")).columns == ["Col2", "other"]
    assert frame.select(frame.colRegex("`col.*`"), "other").columns == ["Col1", "Col2", "other"]
    assert frame.select(frame.colRegex("`col.*`"), "other").collect() == [("a", 1, 2)]
