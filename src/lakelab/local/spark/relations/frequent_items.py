"""``DataFrame.freqItems``: Spark's algorithm, which counts as many items as ``1 / support`` at a time.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.freqItems.html
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from lakelab.local.spark.relations.frames import column, frame_of, replace

_DEFAULT_SUPPORT = 0.01


def compute_frequent_items(session: Any, relation: Any) -> None:
    """Replace the frequent items of columns by an aggregation with one row.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed.
    """
    asked = relation.freq_items
    support = asked.support if asked.HasField("support") else _DEFAULT_SUPPORT
    frame = frame_of(session, asked.input)
    types = {field.name: field.dataType for field in frame.schema.fields}
    # a list has no NULL; a structure with a NULL is one of its elements
    rows = frame.select(
        *(F.struct(column(name).alias("item")).alias(f"c{i}") for i, name in enumerate(asked.cols))
    )
    lists = rows.agg(*(F.collect_list(f"c{i}").alias(f"l{i}") for i in range(len(asked.cols))))
    items = []
    for i, name in enumerate(asked.cols):
        choose = F.udf(_chooser(int(1 / support)), ArrayType(types[name]), useArrow=False)
        items.append(choose(f"l{i}").alias(f"{name}_freqItems"))
    replace(session, relation, lists.select(*items))


def _chooser(size: int) -> Any:
    def choose(rows: Any) -> list[Any]:
        return frequent_items((row["item"] for row in rows), size)

    return choose


def frequent_items(values: Iterable[Hashable], size: int) -> list[Any]:
    """Return the values that remain when at most so many are counted at a time.

    A value that finds no place lowers the counts of all others; those that reach zero leave.

    Examples
    --------
    >>> frequent_items(["a", "b", "a", "c", "a"], 2)
    ['a']
    """
    counts: dict[Any, int] = {}
    for value in values:
        if value in counts:
            counts[value] += 1
        elif len(counts) < size:
            counts[value] = 1
        else:
            lowest = min(counts.values(), default=0)
            if lowest > 1:
                counts = {item: count - 1 for item, count in counts.items()}
            else:
                counts[value] = 1
                counts = {item: n - lowest for item, n in counts.items() if n > lowest}
    return list(counts)
