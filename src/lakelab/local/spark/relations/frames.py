"""DataFrames of the relations in a plan: a relation is replaced by a DataFrame of pyspark's own API.

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html
"""

from __future__ import annotations

from typing import Any, cast

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F
from pyspark.sql.connect.dataframe import DataFrame as ConnectDataFrame

from lakelab.local.catalog.names import quoted
from lakelab.local.spark.given_plan import GivenPlan


def frame_of(session: Any, relation: Any) -> DataFrame:
    """Return a DataFrame of a relation.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is copied, because it may be replaced.
    """
    message = type(relation)()
    message.CopyFrom(relation)
    return cast(DataFrame, ConnectDataFrame(GivenPlan(message), session))


def replace(session: Any, relation: Any, frame: DataFrame) -> None:
    """Replace a relation by the plan of a DataFrame.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed, and keeps its number, by which columns refer to it.
    frame : DataFrame
    """
    number = relation.common.plan_id if relation.HasField("common") else None
    plan = cast(ConnectDataFrame, frame)._plan  # noqa: SLF001 - no public way
    relation.CopyFrom(plan.plan(session.client))
    if number is None:
        relation.common.ClearField("plan_id")
    else:
        relation.common.plan_id = number


def column(name: str) -> Column:
    """Return a top-level column by its exact name, which may have a point in it."""
    return F.col(quoted(name))


def ordered(*columns: Column) -> WindowSpec:
    """Return a window over all rows in an order.

    Spark warns of a window without partitions, which is meant for the user's own windows.
    """
    return Window.partitionBy(F.lit(0)).orderBy(*columns)
