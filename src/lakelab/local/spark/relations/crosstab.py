"""``DataFrame.crosstab``, with its columns in the order of their names.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.crosstab.html
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakelab.local.spark.plan_values import correct_plan
from lakelab.local.spark.relations.frames import column, frame_of, replace


def compute_crosstab(session: Any, relation: Any) -> None:
    """Replace a contingency table by a pivot of counts.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    asked = relation.crosstab
    correct_plan(session, asked.input)  # its rows are read for the names of the columns
    frame = frame_of(session, asked.input)
    first, second = f"{asked.col1}_{asked.col2}", "second"
    texts = frame.select(
        _text(column(asked.col1)).alias(first),
        F.regexp_replace(_text(column(asked.col2)), "`", "").alias(second),
    )
    counts = texts.groupBy(column(first)).pivot(second).count().na.fill(0)
    names = [name for name in counts.columns if name != first]
    replace(session, relation, counts.select(column(first), *map(column, sorted(names))))


def _text(value: Column) -> Column:
    return F.coalesce(value.cast("string"), F.lit("null"))
