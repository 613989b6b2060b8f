"""Joins that the engine refuses, and that are the same as others which it computes.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.join.html
"""

from __future__ import annotations

from typing import Any

from pyspark.sql.connect import proto


def complete_join(session: Any, relation: Any) -> None:
    """Make a cross join with a condition an inner join, which Spark makes of it.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    join = relation.join
    has_condition = join.HasField("join_condition") or len(join.using_columns) > 0
    if join.join_type == proto.Join.JOIN_TYPE_CROSS and has_condition:
        join.join_type = proto.Join.JOIN_TYPE_INNER


def complete_lateral_join(session: Any, relation: Any) -> None:
    """Add the condition TRUE to a lateral left join without one.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    join = relation.lateral_join
    if join.join_type == proto.Join.JOIN_TYPE_LEFT_OUTER and not join.HasField("join_condition"):
        join.join_condition.literal.boolean = True
