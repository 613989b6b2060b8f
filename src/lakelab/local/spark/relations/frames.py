"""DataFrames of the relations in a plan: a relation is replaced by a DataFrame of pyspark's own API.

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html
"""

from __future__ import annotations

from pyspark.sql import Column, Window, WindowSpec
from pyspark.sql import functions as F

from lakelab.local.catalog.names import quoted
from lakelab.local.spark.given_plan import frame_of as frame_of
from lakelab.local.spark.given_plan import replace as replace


def column(name: str) -> Column:
    """Return a top-level column by its exact name, which may have a point in it."""
    return F.col(quoted(name))


def ordered(*columns: Column) -> WindowSpec:
    """Return a window over all rows in an order.

    Spark warns of a window without partitions, which is meant for the user's own windows.
    """
    return Window.partitionBy(F.lit(0)).orderBy(*columns)
