"""``DataFrame.approxQuantile``: the exact value of each rank, which fits any relative error.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.approxQuantile.html
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakelab.local.spark.relations.frames import column, frame_of, replace

_DOUBLES = "array<double>"


def compute_quantiles(session: Any, relation: Any) -> None:
    """Replace the quantiles of columns by an aggregation with one row.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    asked = relation.approx_quantile
    values = [_sorted_values(name) for name in asked.cols]
    quantiles = [
        _quantiles(F.col(f"c{i}"), list(asked.probabilities), asked.relative_error)
        for i in range(len(values))
    ]
    aggregated = frame_of(session, asked.input).agg(
        *(value.alias(f"c{i}") for i, value in enumerate(values))
    )
    replace(session, relation, aggregated.select(F.array(*quantiles).alias("approx_quantile")))


def _sorted_values(name: str) -> Column:
    value = column(name).cast("double")
    return F.sort_array(F.collect_list(F.when(~F.isnan(value), value)))  # a list has no NULL


def _quantiles(values: Column, probabilities: list[float], relative_error: float) -> Column:
    chosen = [_quantile(values, p, relative_error) for p in probabilities]
    none = F.array().cast(_DOUBLES)
    return F.when(F.size(values) == 0, none).otherwise(F.array(*chosen).cast(_DOUBLES))


def _quantile(values: Column, probability: float, relative_error: float) -> Column:
    """Return the value of a rank; Spark answers within the error of an end by that end."""
    if probability <= relative_error:
        return F.try_element_at(values, F.lit(1))
    if probability >= 1 - relative_error:
        return F.try_element_at(values, F.lit(-1))
    rank = F.ceil(F.lit(probability) * F.size(values)).cast("int")
    return F.try_element_at(values, F.greatest(rank, F.lit(1)))
