"""``DataFrame.summary`` and ``describe``: rows in the order asked for, and percentiles that are values of the column.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.summary.html
and https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.describe.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyspark.errors import IllegalArgumentException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType, StringType

from lakelab.local.spark.plan_values import correct_plan
from lakelab.local.spark.relations.frames import column, frame_of, replace

_SUMMARY = ("count", "mean", "stddev", "min", "25%", "50%", "75%", "max")
_DESCRIPTION = ("count", "mean", "stddev", "min", "max")

_TYPES = (NumericType, StringType)

_AGGREGATES: dict[str, Callable[[Column, Column], Column]] = {
    "count": lambda value, number: F.count(value),
    "count_distinct": lambda value, number: F.count_distinct(value),
    "approx_count_distinct": lambda value, number: F.approx_count_distinct(value),
    "mean": lambda value, number: F.avg(number),
    "stddev": lambda value, number: F.stddev(number),
    "min": lambda value, number: F.min(value),
    "max": lambda value, number: F.max(value),
}
"""A statistic -> its aggregate of a value, and of the value as a number."""


def compute_summary(session: Any, relation: Any) -> None:
    """Replace the summary of a DataFrame by an aggregation.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.

    Raises
    ------
    pyspark.errors.IllegalArgumentException
        If a statistic does not exist.
    """
    asked = relation.summary
    correct_plan(session, asked.input)  # the engine tells its types
    frame = frame_of(session, asked.input)
    replace(session, relation, _summary(session, frame, list(asked.statistics) or _SUMMARY))


def compute_description(session: Any, relation: Any) -> None:
    """Replace the description of a DataFrame by an aggregation.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    asked = relation.describe
    correct_plan(session, asked.input)
    frame = frame_of(session, asked.input)
    if asked.cols:
        frame = frame.select(*asked.cols)
    replace(session, relation, _summary(session, frame, _DESCRIPTION))


def _summary(session: Any, frame: DataFrame, statistics: Sequence[str]) -> DataFrame:
    shares = {name: _percentage(name) for name in statistics}
    fields = [one for one in frame.schema.fields if isinstance(one.dataType, _TYPES)]
    if not fields:
        names = [(name,) for name in statistics]
        return session.createDataFrame(names, "summary string")  # type: ignore[no-any-return]
    aggregates, cells = [], []
    for i, field in enumerate(fields):
        value = column(field.name)
        number = value.try_cast("double") if isinstance(field.dataType, StringType) else value
        results = {name: f"a{i}_{j}" for j, name in enumerate(statistics) if shares[name] is None}
        aggregates += [
            _AGGREGATES[name.lower()](value, number).alias(alias) for name, alias in results.items()
        ]
        if len(results) < len(statistics):
            # a list has no NULL
            aggregates.append(F.sort_array(F.collect_list(number)).alias(f"v{i}"))
        found = {name: F.col(alias) for name, alias in results.items()}
        found |= {
            name: _value_at(F.col(f"v{i}"), share)
            for name, share in shares.items()
            if share is not None
        }
        cells.append([found[name].cast("string").alias(f"c{i}") for name in statistics])
    rows = [
        F.struct(F.lit(name).alias("summary"), *row)
        for name, row in zip(statistics, zip(*cells, strict=True), strict=True)
    ]
    table = frame.agg(*aggregates).select(F.inline(F.array(*rows)))
    return table.toDF("summary", *(field.name for field in fields))


def _percentage(statistic: str) -> float | None:
    """Return the share of values that a percentile has at or below it; None for another statistic.

    Examples
    --------
    >>> _percentage("25%"), _percentage("max")
    (0.25, None)
    """
    if not statistic.endswith("%"):
        if statistic.lower() not in _AGGREGATES:
            raise IllegalArgumentException(f"{statistic} is not a recognised statistic.")
        return None
    try:
        share = float(statistic.removesuffix("%")) / 100
    except ValueError:
        raise IllegalArgumentException(f"Unable to parse {statistic} as a percentile.") from None
    if not 0 <= share <= 1:
        raise IllegalArgumentException(
            "requirement failed: Percentiles must be in the range [0, 1]"
        )
    return share


def _value_at(values: Column, share: float) -> Column:
    """Return the value of a sorted list that enough values are at or below."""
    rank = F.greatest(F.ceil(F.lit(share) * F.size(values)).cast("int"), F.lit(1))
    return F.try_element_at(values, rank)
