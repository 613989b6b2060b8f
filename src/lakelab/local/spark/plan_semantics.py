"""Whether two plans mean the same: ``DataFrame.sameSemantics`` and ``DataFrame.semanticHash``.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.sameSemantics.html
"""

from __future__ import annotations

import zlib
from typing import Any

from lakelab.local.spark.plans import messages

_SIGN = 1 << 31


def meaning(plan: Any) -> bytes:
    """Return the bytes of a plan without what does not matter: its numbers, and the names of new columns.

    Parameters
    ----------
    plan : pyspark.sql.connect.proto.Plan
    """
    copy = type(plan)()
    copy.CopyFrom(plan)
    numbers: dict[int, int] = {}
    for message in messages(copy):
        if "plan_id" in message.DESCRIPTOR.fields_by_name and message.HasField("plan_id"):
            message.plan_id = numbers.setdefault(message.plan_id, len(numbers))
    for alias in copy.root.with_columns.aliases:
        del alias.name[:]
    for expression in copy.root.project.expressions:
        if expression.HasField("alias"):
            del expression.alias.name[:]
    text: bytes = copy.SerializeToString(deterministic=True)
    return text


def semantic_hash(plan: Any) -> int:
    """Return a hash of a plan's meaning, in the range of Java's integers.

    Parameters
    ----------
    plan : pyspark.sql.connect.proto.Plan
    """
    return zlib.crc32(meaning(plan)) - _SIGN
