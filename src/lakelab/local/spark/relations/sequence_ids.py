"""``distributed_sequence_id()``, which numbers rows: pandas on Spark and ``zipWithIndex`` use it.

Follows https://spark.apache.org/docs/latest/api/python/tutorial/pandas_on_spark/options.html#default-index-type
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from lakelab.local.spark.plans import messages
from lakelab.local.spark.relations.frames import ordered

_NAME = "distributed_sequence_id"


def number_rows(session: Any, relation: Any) -> None:
    """Replace the function in a projection by row numbers that begin at 0.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed where it calls the function.
    """
    for expression in relation.project.expressions:
        for message in messages(expression):
            called = message.DESCRIPTOR.name == "Expression" and message.HasField(
                "unresolved_function"
            )
            if called and message.unresolved_function.function_name == _NAME:
                message.CopyFrom(_row_number(session))


def _row_number(session: Any) -> Any:
    number: Any = F.row_number().over(ordered(F.monotonically_increasing_id())) - F.lit(1)
    return number.cast("bigint").to_plan(session.client)
