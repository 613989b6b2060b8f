"""``DataFrame.observe``: the metrics are computed by a query of their own over the same rows.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.observe.html
"""

from __future__ import annotations

from typing import Any

from pyspark.sql.connect import proto
from pyspark.sql.connect.client.core import PlanObservedMetrics
from pyspark.sql.connect.expressions import LiteralExpression

from lakelab.local.spark.plans import messages
from lakelab.local.spark.relations.frames import frame_of


def read_without_metrics(session: Any, relation: Any) -> None:
    """Replace an observed relation by its rows.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    rows = type(relation)()
    rows.CopyFrom(relation.collect_metrics.input)
    relation.CopyFrom(rows)


def compute_metrics(session: Any, plan: Any) -> dict[str, dict[str, Any]]:
    """Return the metrics of each observation in a plan, by the name of the observation.

    Parameters
    ----------
    session : LocalSparkSession
    plan : google.protobuf.message.Message
        The request.
    """
    observed = [m for m in messages(plan) if m.DESCRIPTOR.name == "CollectMetrics"]
    return {one.name: _metrics(session, one) for one in observed}


def as_plan_metrics(client: Any, name: str, values: dict[str, Any]) -> PlanObservedMetrics:
    """Return metrics as Spark's client has them in a DataFrame's ``executionInfo``.

    Parameters
    ----------
    client : SparkConnectClient
    name : str
        The name of the observation.
    values : dict
    """
    literals = [LiteralExpression._from_value(value) for value in values.values()]  # noqa: SLF001 - no public way
    plans = [literal.to_plan(client).literal for literal in literals]
    return PlanObservedMetrics(name, plans, list(values))


def _metrics(session: Any, observed: Any) -> dict[str, Any]:
    relation = proto.Relation()
    relation.aggregate.input.CopyFrom(observed.input)
    relation.aggregate.group_type = proto.Aggregate.GROUP_TYPE_GROUPBY
    relation.aggregate.aggregate_expressions.extend(observed.metrics)
    (row,) = frame_of(session, relation).collect()
    return dict(row.asDict())
