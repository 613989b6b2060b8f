"""`delta.tables.DeltaTable`, as far as the official feature engineering client calls it, in SQL.

delta-spark's own class for Spark Connect sends messages that need Delta's plugin in the server.
Follows https://docs.delta.io/latest/api/python/spark/index.html
"""

from __future__ import annotations

import uuid
from typing import Any

from pyspark.errors import AnalysisException


class DeltaTable:
    """A Delta table in the catalog, with an optional alias for a merge."""

    def __init__(self, spark: Any, name: str, alias: str | None = None):
        self.spark = spark
        self.name = name
        self.alias_name = alias

    @classmethod
    def forName(cls, spark: Any, name: str) -> DeltaTable:
        if not spark.catalog.tableExists(name):
            raise AnalysisException(
                message=f"[DELTA_MISSING_DELTA_TABLE] {name} is not a Delta table."
            )
        return cls(spark, name)

    def toDF(self) -> Any:
        return self.spark.table(self.name)

    def detail(self) -> Any:
        return self.spark.sql(f"DESCRIBE DETAIL {self.name}")

    def history(self) -> Any:
        return self.spark.sql(f"DESCRIBE HISTORY {self.name}")

    def alias(self, alias: str) -> DeltaTable:
        return DeltaTable(self.spark, self.name, alias)

    def merge(self, source: Any, condition: str) -> _Merge:
        return _Merge(self, source, condition)


class _Merge:
    """A builder of a `MERGE INTO` statement."""

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
        columns, inserted = ", ".join(values), ", ".join(_sql(value) for value in values.values())
        self._clauses.append(f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({inserted})")
        return self

    def execute(self) -> None:
        view = f"merge_{uuid.uuid4().hex}"
        self._source.createOrReplaceTempView(view)
        try:
            self._target.spark.sql(
                f"MERGE INTO {self._target.name} AS {self._target.alias_name} "
                f"USING {view} AS {_alias_of(self._source)} ON {self._condition} "
                f"{' '.join(self._clauses)}"
            )
        finally:
            self._target.spark.catalog.dropTempView(view)


def _alias_of(source: Any) -> str:
    """Return the name that `DataFrame.alias` set."""
    plan = source._plan  # noqa: SLF001 - PySpark has no public way to the alias of a DataFrame
    return str(plan._alias)  # noqa: SLF001 - as above


def _sql(value: Any) -> str:
    """Return the SQL of a value in a clause: an expression, or `lit(None)`, the client's only Column."""
    if isinstance(value, str):
        return value
    if "NULL" in str(value).upper():
        return "NULL"
    raise NotImplementedError(f"a MERGE of {value!r} is not part of the double.")
