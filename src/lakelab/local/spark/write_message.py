"""The message of a DataFrame write to a table, in both forms of Spark Connect.

``df.write`` sends a ``WriteOperation``, ``df.writeTo`` a ``WriteOperationV2``.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/io.html
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.connect import proto
from pyspark.sql.connect.dataframe import DataFrame as ConnectDataFrame
from pyspark.sql.connect.plan import CachedRelation

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError

_SaveMode = proto.WriteOperation.SaveMode
_APPEND = _SaveMode.SAVE_MODE_APPEND
_OVERWRITE = _SaveMode.SAVE_MODE_OVERWRITE
_IGNORE = _SaveMode.SAVE_MODE_IGNORE
_ALLOW_EXISTING = frozenset({_APPEND, _OVERWRITE, _IGNORE})
_ModeV2 = proto.WriteOperationV2.Mode
_REPLACING = frozenset({_ModeV2.MODE_REPLACE, _ModeV2.MODE_CREATE_OR_REPLACE})
_CREATING = _REPLACING | {_ModeV2.MODE_CREATE}
_REQUIRE_TABLE = frozenset(
    {
        _ModeV2.MODE_APPEND,
        _ModeV2.MODE_OVERWRITE,
        _ModeV2.MODE_OVERWRITE_PARTITIONS,
        _ModeV2.MODE_REPLACE,
    }
)
_INSERT_INTO = proto.WriteOperation.SaveTable.TableSaveMethod.TABLE_SAVE_METHOD_INSERT_INTO


class WriteMessage:
    """A DataFrame write to a table.

    Parameters
    ----------
    command : pyspark.sql.connect.proto.Command
        A command for which `writes_table` is true.
    """

    def __init__(self, command: Any):
        self.command = command
        self.is_v2: bool = command.HasField("write_operation_v2")
        self._write: Any = command.write_operation_v2 if self.is_v2 else command.write_operation

    @staticmethod
    def writes(command: Any) -> bool:
        """Return whether a command writes a DataFrame: to a table, or to a folder."""
        return bool(command.HasField("write_operation_v2") or command.HasField("write_operation"))

    @staticmethod
    def writes_table(command: Any) -> bool:
        """Return whether a command writes a DataFrame to a table by its name."""
        if command.HasField("write_operation_v2"):
            return True
        return bool(
            command.HasField("write_operation") and command.write_operation.HasField("table")
        )

    def copy(self) -> WriteMessage:
        """Return a copy that can be changed: the user may execute the same command again."""
        return WriteMessage(deepcopy(self.command))

    @staticmethod
    def writes_path(command: Any) -> bool:
        """Return whether a command writes a DataFrame to a path."""
        return bool(
            command.HasField("write_operation") and not command.write_operation.HasField("table")
        )

    @property
    def table(self) -> str:
        """The table, as the writer names it."""
        return str(self._write.table_name if self.is_v2 else self._write.table.table_name)

    @property
    def is_insert_into(self) -> bool:
        """Whether it is ``insertInto``, which takes columns by position."""
        return not self.is_v2 and self._write.table.save_method == _INSERT_INTO

    @property
    def is_append(self) -> bool:
        """Whether it is ``df.write`` in mode ``append``."""
        return not self.is_v2 and self._write.mode == _APPEND

    @property
    def is_overwrite(self) -> bool:
        """Whether it is ``df.write`` in mode ``overwrite``."""
        return not self.is_v2 and self._write.mode == _OVERWRITE

    @property
    def is_ignore(self) -> bool:
        """Whether it is ``df.write`` in mode ``ignore``."""
        return not self.is_v2 and self._write.mode == _IGNORE

    @property
    def requires_new_table(self) -> bool:
        """Whether it fails where the table exists."""
        if self.is_v2:
            return bool(self._write.mode == _ModeV2.MODE_CREATE)
        return not self.is_insert_into and self._write.mode not in _ALLOW_EXISTING

    @property
    def replaces_table(self) -> bool:
        """Whether it replaces the columns of an existing table, and all else that a new table gets."""
        if self.is_v2:
            return self._write.mode in _REPLACING
        return self.is_overwrite and self.has_option("overwriteSchema")

    @property
    def may_create(self) -> bool:
        """Whether it creates a managed Delta table where there is no table."""
        source = self._write.provider if self.is_v2 else self._write.source
        if source.lower() not in ("", "delta") or "path" in map(str.lower, self._write.options):
            return False
        if self.is_v2:
            return self._write.mode in _CREATING - {_ModeV2.MODE_REPLACE}
        return not self.is_insert_into

    def at(self, folder: Path) -> Any:
        """Return the command that creates the table in a folder."""
        copy = self.copy()
        copy._write.options["path"] = str(folder)  # noqa: SLF001 - an object of the same class
        return copy.command

    @property
    def replaces_some_rows(self) -> bool:
        """Whether it is ``writeTo(...).overwrite(condition)``."""
        return self.is_v2 and self._write.mode == _ModeV2.MODE_OVERWRITE

    @property
    def replaces_partitions(self) -> bool:
        """Whether it is ``writeTo(...).overwritePartitions()``."""
        return self.is_v2 and self._write.mode == _ModeV2.MODE_OVERWRITE_PARTITIONS

    @property
    def requires_table(self) -> bool:
        """Whether it fails where the table does not exist."""
        if self.is_v2:
            return self._write.mode in _REQUIRE_TABLE
        return self.is_insert_into

    @property
    def condition(self) -> Any:
        """The condition of ``writeTo(...).overwrite(condition)``, as an expression of the plan."""
        return self._write.overwrite_condition

    @property
    def options(self) -> dict[str, str]:
        """The options as they were given."""
        return dict(self._write.options)

    @property
    def properties(self) -> dict[str, str]:
        """The properties of ``writeTo(...).tableProperty(...)``."""
        return dict(self._write.table_properties) if self.is_v2 else {}

    @property
    def delta_properties(self) -> dict[str, str]:
        """The properties of Delta that a new table gets from the options and ``tableProperty``."""
        given = {**self.options, **self.properties}
        return {key: value for key, value in given.items() if key.lower().startswith("delta.")}

    @property
    def partitioning(self) -> list[str]:
        """The columns of ``partitionBy`` or ``partitionedBy``.

        Raises
        ------
        UnityCatalogError
            If a table is to be partitioned by an expression of a column.
        """
        if not self.is_v2:
            return list(self._write.partitioning_columns)
        return [_column_name(expression) for expression in self._write.partitioning_columns]

    @property
    def is_bucketed(self) -> bool:
        """Whether it has ``bucketBy`` or ``sortBy``."""
        if self.is_v2:
            return False
        bucketing = self._write.bucket_by
        return bool(
            bucketing.num_buckets or bucketing.bucket_column_names or self._write.sort_column_names
        )

    @property
    def format(self) -> str:
        """The format, in lower case; empty for the default."""
        return str(self._write.provider if self.is_v2 else self._write.source).lower()

    @property
    def path(self) -> str:
        """The path of a write without a table's name."""
        if self.is_v2:
            return ""
        options = {key.lower(): value for key, value in self._write.options.items()}
        return str(self._write.path or options.get("path", ""))

    @property
    def comment(self) -> str | None:
        """The option ``comment``."""
        return self._write.options.get("comment") or None

    def has_option(self, name: str) -> bool:
        """Return whether an option is ``true``; its name is not case-sensitive."""
        return any(
            key.lower() == name.lower() and value.lower() == "true"
            for key, value in self._write.options.items()
        )

    @property
    def creates_delta(self) -> bool:
        """Whether it may create a Delta table: under a name, or in a folder."""
        provider = self._write.provider if self.is_v2 else self._write.source
        may_create = not self.is_v2 or self._write.mode in _CREATING
        return may_create and provider.lower() in ("", "delta")

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Set properties of the table, in place of those that the writer gives under the same names."""
        given = self._write.table_properties if self.is_v2 else self._write.options
        for name in properties:
            for key in [key for key in given if key.lower() == name.lower()]:
                del given[key]
        given.update(properties)

    def option(self, name: str) -> str | None:
        """Return an option; its name is not case-sensitive."""
        return next((v for k, v in self._write.options.items() if k.lower() == name.lower()), None)

    def remove_option(self, name: str) -> None:
        """Remove an option."""
        for key in [key for key in self._write.options if key.lower() == name.lower()]:
            del self._write.options[key]

    @property
    def clustering(self) -> list[str]:
        """The columns of ``clusterBy``."""
        return list(self._write.clustering_columns)

    def remove_clustering(self) -> None:
        """Remove ``clusterBy``, which the engine does not know."""
        del self._write.clustering_columns[:]

    def frame(self, session: Any) -> DataFrame:
        """Return the DataFrame that is written."""
        return ConnectDataFrame(CachedRelation(self._write.input), session)

    def set_frame(self, frame: Any, client: Any) -> None:
        """Write another DataFrame instead."""
        plan: Any = frame._plan  # noqa: SLF001 - pyspark has no public way from a DataFrame to its plan
        self._write.input.CopyFrom(plan.plan(client))


def _column_name(expression: Any) -> str:
    if not expression.HasField("unresolved_attribute"):
        raise UnityCatalogError(
            "Partition transforms such as years, days, hours and bucket are not supported for Delta "
            "tables: partition by a column, or by a generated column.",
            condition=conditions.DELTA_OPERATION_NOT_ALLOWED,
        )
    return str(expression.unresolved_attribute.unparsed_identifier).strip("`")
