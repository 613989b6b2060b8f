"""A relation becomes a DataFrame, and a DataFrame takes the place of a relation."""

from __future__ import annotations

from pyspark.sql.connect import proto

from lakelab.local.spark.relations.frames import column, frame_of, replace


def _range(number: int) -> proto.Relation:
    relation = proto.Relation()
    relation.common.plan_id = number
    relation.range.end, relation.range.step = 3, 1
    return relation


def test_a_relation_becomes_a_frame_of_a_copy(spark):
    relation = _range(7)
    frame = frame_of(spark, relation)
    relation.range.end = 9
    assert frame.count() == 3


def test_a_replaced_relation_keeps_its_number(spark):
    relation = _range(7)
    replace(spark, relation, frame_of(spark, relation).limit(1))
    assert relation.common.plan_id == 7
    assert relation.limit.input.range.end == 3


def test_a_name_with_a_point_is_one_column(spark):
    frame = spark.createDataFrame([(1,)], ["a.b`c"])
    assert frame.select(column("a.b`c")).collect() == [(1,)]
