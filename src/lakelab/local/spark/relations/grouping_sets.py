"""``DataFrame.groupingSets`` with grouping columns, which the engine takes from the sets alone.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.groupingSets.html
"""

from __future__ import annotations

from typing import Any

from pyspark.sql.connect import proto

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error


def complete_grouping_sets(session: Any, relation: Any) -> None:
    """Remove the grouping columns beside the sets, which name them again.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the sets do not name the columns in the same order.
    """
    asked = relation.aggregate
    if asked.group_type != proto.Aggregate.GROUP_TYPE_GROUPING_SETS:
        return
    named: list[bytes] = []
    for grouping in asked.grouping_sets:
        for expression in map(_key, grouping.grouping_set):
            if expression not in named:
                named.append(expression)
    if list(map(_key, asked.grouping_expressions)) not in ([], named):
        raise analysis_error(
            conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
            "The local engine computes DataFrame.groupingSets where the sets name all grouping columns "
            "in the order of the columns. Change the order. Databricks and Spark run it as it is.",
        )
    del asked.grouping_expressions[:]


def _key(expression: Any) -> bytes:
    text: bytes = expression.SerializeToString(deterministic=True)
    return text
