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

_SaveMode = proto.WriteOperation.SaveMode
_APPEND = _SaveMode.SAVE_MODE_APPEND
_OVERWRITE = _SaveMode.SAVE_MODE_OVERWRITE
_IGNORE = _SaveMode.SAVE_MODE_IGNORE
_ALLOW_EXISTING = frozenset({_APPEND, _OVERWRITE, _IGNORE})
_ModeV2 = proto.WriteOperationV2.Mode
_REPLACING = frozenset({_ModeV2.MODE_REPLACE, _ModeV2.MODE_CREATE_OR_REPLACE})
_CREATING = _REPLACING | {_ModeV2.MODE_CREATE}
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
