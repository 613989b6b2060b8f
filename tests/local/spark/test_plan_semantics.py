"""sameSemantics and semanticHash; values of Spark's documentation."""

from __future__ import annotations


def test_equal_plans_mean_the_same(spark):
    one, other = spark.range(10), spark.range(10)
    assert one.withColumn("a", one.id * 2).sameSemantics(other.withColumn("a", other.id * 2))
    assert one.withColumn("a", one.id * 2).sameSemantics(other.withColumn("b", other.id * 2))
    assert one.semanticHash() == other.semanticHash()


def test_other_plans_mean_something_else(spark):
    one, other = spark.range(10), spark.range(10)
    assert not one.withColumn("a", one.id * 2).sameSemantics(other.withColumn("a", other.id + 2))
    assert one.semanticHash() != spark.range(11).semanticHash()
