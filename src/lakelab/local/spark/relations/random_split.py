"""``DataFrame.randomSplit``: each row falls into one of the parts, by a number that depends on the seed.

Spark sorts the rows by all columns first, so that each part sees them in one order. The engine takes
exponential time for such a sort; here the rows are ordered by a hash of their values.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.randomSplit.html
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from lakelab.local.spark.relations.frames import column, frame_of, ordered, replace

_HASH = "__lakelab_hash"
_NUMBER = "__lakelab_number"
_STEPS = 1 << 53  # as many different numbers as a double has between 0.5 and 1


def split_by_hash(session: Any, relation: Any) -> None:
    """Replace a sample of rows in a fixed order by the rows whose random number is between the bounds.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed, if it is one part of a split.
    """
    asked = relation.sample
    if not asked.deterministic_order or asked.with_replacement:
        return
    frame = frame_of(session, asked.input)
    fields = frame.schema.fields
    if not fields:
        return
    values = [_hashable(column(field.name), field.dataType) for field in fields]
    order = ordered(F.col(_HASH))  # equal rows differ by their number alone
    numbered = frame.withColumn(_HASH, F.xxhash64(*values)).withColumn(
        _NUMBER, F.row_number().over(order)
    )
    random = F.pmod(F.xxhash64(F.col(_NUMBER), F.lit(asked.seed)), F.lit(_STEPS)) / F.lit(_STEPS)
    part = numbered.where((random >= asked.lower_bound) & (random < asked.upper_bound))
    replace(session, relation, part.drop(_HASH, _NUMBER))


def _hashable(value: Column, kind: DataType) -> Column:
    return F.to_json(F.struct(value)) if _has_map(kind) else value


def _has_map(kind: DataType) -> bool:
    if isinstance(kind, ArrayType):
        return _has_map(kind.elementType)
    if isinstance(kind, StructType):
        return any(_has_map(field.dataType) for field in kind.fields)
    return isinstance(kind, MapType)
