"""randomSplit: each row is in one part, again and again, and wide parts can be written."""

from __future__ import annotations

from pyspark.sql import functions as F


def test_each_row_is_in_one_part(spark):
    frame = spark.range(0, 20_000, 1, 6)
    parts = frame.randomSplit([0.6, 0.3, 0.1], seed=3)
    counts = [part.count() for part in parts]
    assert [round(count / 20_000, 1) for count in counts] == [0.6, 0.3, 0.1]
    together = parts[0].union(parts[1]).union(parts[2])
    assert together.count() == together.distinct().count() == 20_000


def test_equal_rows_are_split_too(spark):
    parts = spark.range(1_000).select(F.lit(1).alias("x")).randomSplit([0.5, 0.5], seed=1)
    counts = [part.count() for part in parts]
    assert sum(counts) == 1_000
    assert 400 < counts[0] < 600


def test_a_seed_gives_the_same_rows_in_any_partitions(spark):
    first = spark.range(100).randomSplit([0.5, 0.5], seed=5)[0].collect()
    again = spark.range(100).repartition(7).randomSplit([0.5, 0.5], seed=5)[0].collect()
    other = spark.range(100).randomSplit([0.5, 0.5], seed=6)[0].collect()
    assert sorted(first) == sorted(again) != sorted(other)


def test_rows_with_maps_are_split(spark):
    maps = spark.range(50).select(F.create_map(F.lit("k"), "id").alias("m"), F.lit(None).alias("v"))
    counts = [part.count() for part in maps.randomSplit([0.5, 0.5], seed=1)]
    assert sum(counts) == 50
    assert min(counts) > 5


def test_a_wide_part_is_written(spark, schema):
    wide = spark.range(20).select(*[(F.col("id") + i).alias(f"c{i}") for i in range(40)])
    parts = wide.randomSplit([0.5, 0.5], seed=1)
    for number, part in enumerate(parts):
        part.write.saveAsTable(f"{schema}.part_{number}")
    written = [spark.table(f"{schema}.part_{number}").count() for number in (0, 1)]
    assert sum(written) == 20
    assert spark.table(f"{schema}.part_0").columns == wide.columns
