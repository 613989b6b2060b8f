"""Relations of a plan that the engine lacks: each is replaced by one that it computes as Spark does.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/dataframe.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakelab.local.spark.plans import messages
from lakelab.local.spark.relations.column_patterns import expand_patterns
from lakelab.local.spark.relations.crosstab import compute_crosstab
from lakelab.local.spark.relations.frequent_items import compute_frequent_items
from lakelab.local.spark.relations.grouping_sets import complete_grouping_sets
from lakelab.local.spark.relations.joins import complete_join, complete_lateral_join
from lakelab.local.spark.relations.observed_metrics import read_without_metrics
from lakelab.local.spark.relations.quantiles import compute_quantiles
from lakelab.local.spark.relations.random_split import split_by_hash
from lakelab.local.spark.relations.sequence_ids import number_rows
from lakelab.local.spark.relations.summaries import compute_description, compute_summary
from lakelab.local.sql.session import Session


def _complete_projection(session: Any, relation: Any) -> None:
    expand_patterns(session, relation)
    number_rows(session, relation)


_REPLACEMENTS: dict[str, Callable[[Any, Any], None]] = {
    "aggregate": complete_grouping_sets,
    "approx_quantile": compute_quantiles,
    "collect_metrics": read_without_metrics,
    "crosstab": compute_crosstab,
    "describe": compute_description,
    "freq_items": compute_frequent_items,
    "join": complete_join,
    "lateral_join": complete_lateral_join,
    "project": _complete_projection,
    "sample": split_by_hash,
    "summary": compute_summary,
}
"""Field of a relation that says what it is -> the function that replaces it."""


def replace_missing_relations(session: Session, plan: Any) -> None:
    """Replace the relations of a plan that the engine lacks.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request; it is changed.
    """
    for message in messages(plan):
        if message.DESCRIPTOR.name == "CheckpointCommand":
            message.eager = True  # the engine has no lazy checkpoint; the rows are the same
    relations = [m for m in messages(plan) if m.DESCRIPTOR.name == "Relation"]
    for relation in reversed(relations):  # the inner ones first: others read from them
        replacement = _REPLACEMENTS.get(relation.WhichOneof("rel_type") or "")
        if replacement is not None:
            replacement(session, relation)
