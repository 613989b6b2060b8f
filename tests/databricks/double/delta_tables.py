"""`delta.tables.DeltaTable`, as far as the official feature engineering client calls it, in SQL.

delta-spark's own class for Spark Connect sends messages that only a server with Delta's plugin knows.
Follows https://docs.delta.io/latest/api/python/spark/index.html
"""

from __future__ import annotations

import uuid
from typing import Any

from pyspark.errors import AnalysisException


class DeltaTable:
    """A Delta table by its name."""

    def __init__(self, spark: Any, name: str, alias: str | None = None):
        self._spark = spark
        self._name = name
        self._alias = alias

    @classmethod
    def forName(cls, spark: Any, name: str) -> DeltaTable:
        if not spark.catalog.tableExists(name):
            raise AnalysisException(
                message=f"[DELTA_MISSING_DELTA_TABLE] {name} is not a Delta table."
            )
        return cls(spark, name)

    def toDF(self) -> Any:
        return self._spark.table(self._name)

    def detail(self) -> Any:
        return self._spark.sql(f"DESCRIBE DETAIL {self._name}")

    def history(self) -> Any:
        return self._spark.sql(f"DESCRIBE HISTORY {self._name}")

    def alias(self, alias: str) -> DeltaTable:
        return DeltaTable(self._spark, self._name, alias)

    def merge(self, source: Any, condition: str) -> _Merge:
        return _Merge(self, source, condition)


class _Merge:
    """`MERGE INTO`, clause by clause."""

    def __init__(self, target: DeltaTable, source: Any, condition: str):
        self._target = target
        self._source = source
        self._condition = condition
        self._clauses: list[str] = []

    def whenMatchedUpdate(self, *, set: dict[str, Any]) -> _Merge:
        pairs = ", ".join(f"{column} = {_sql(value)}" for column, value in set.items())
        self._clauses.append(f"WHEN MATCHED THEN UPDATE SET {pairs}")
        return self

    def whenNotMatchedInsert(self, *, values: dict[str, Any]) -> _Merge:
        columns, given = ", ".join(values), ", ".join(_sql(value) for value in values.values())
        self._clauses.append(f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({given})")
        return self

    def execute(self) -> None:
        view = f"merge_{uuid.uuid4().hex}"
        self._source.createOrReplaceTempView(view)
        try:
            self._target._spark.sql(
                f"MERGE INTO {self._target._name} AS {self._target._alias} "
                f"USING {view} AS {_alias_of(self._source)} ON {self._condition} "
                f"{' '.join(self._clauses)}"
            )
        finally:
            self._target._spark.catalog.dropTempView(view)


def _alias_of(source: Any) -> str:
    """Give the name that `DataFrame.alias` set: the plan keeps it."""
    return str(source._plan._alias)


def _sql(value: Any) -> str:
    """Write a value of a clause: an expression, or the one Column that the client passes, `lit(None)`."""
    if isinstance(value, str):
        return value
    if "NULL" in str(value).upper():
        return "NULL"
    raise NotImplementedError(f"a MERGE of {value!r} is not part of the double.")
