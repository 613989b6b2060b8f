"""Which writes of a DataFrame replace rows or columns of a Delta table, and what they replace.

These writes are committed here (:mod:`lakelab.local.spark.staged_writes`); the engine commits the others: appends, and
writes that create a table.

Follows https://docs.databricks.com/aws/en/delta/selective-overwrite and
https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrameWriterV2.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import check_properties, stored_name
from lakelab.local.delta.identities import has_identities
from lakelab.local.delta.state import TableState
from lakelab.local.spark.replaced_rows import (
    ReplacedRows,
    all_rows,
    no_rows,
    rows_of_condition,
    rows_of_written_partitions,
)
from lakelab.local.spark.staged_writes import NewTable, StagedWrite
from lakelab.local.spark.write_condition import Condition
from lakelab.local.spark.write_message import WriteMessage
from lakelab.local.spark.write_options import PARTITION_OVERWRITE_MODE, WriteOptions
from lakelab.local.spark.written_columns import cast_to_table
from lakelab.local.sql.session import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class DeltaTarget:
    """The Delta table that a DataFrame is written to, and how.

    Parameters
    ----------
    session : Session
    write : WriteMessage
    folder : Path
        The folder of an existing table.
    name : TableName, optional
        None for a write to a path.
    """

    session: Session
    write: WriteMessage
    folder: Path
    name: TableName | None = None

    @property
    def is_overwrite(self) -> bool:
        """Whether the write replaces rows."""
        write = self.write
        return (
            write.is_overwrite
            or write.replaces_table
            or write.replaces_some_rows
            or write.replaces_partitions
        )

    def staged_write(self, frame: DataFrame) -> StagedWrite | None:
        """Return the write as one that is committed here; None if the engine commits it.

        Parameters
        ----------
        frame : DataFrame
            The rows, with the names of the table's columns.

        Raises
        ------
        UnityCatalogError
            If Delta does not allow the options together.
        """
        options = WriteOptions.read(self.write.options)
        if self.write.is_ignore or self.write.requires_new_table:
            return None
        state = TableState.read(self.folder)
        is_plain = options.transaction is None and options.data_change
        if is_plain and not self.is_overwrite and not has_identities(state.fields):
            return None
        condition, replaced = self._replaced(options, state)
        parameters = {"mode": "Overwrite" if self.is_overwrite else "Append", "partitionBy": "[]"}
        if condition:
            parameters["predicate"] = condition.text
        if replaced is rows_of_written_partitions:
            parameters["isDynamicPartitionOverwrite"] = "true"
        staged = StagedWrite(
            self.session, self.folder, frame, options, replaced, parameters, condition
        )
        if not self.write.replaces_table or condition:
            staged = replace(staged, frame=cast_to_table(frame, state.fields))
        else:
            return replace(staged, new_table=self._new_table(options, state))
        return staged

    # ---- what it replaces -------------------------------------------------------------------------
    def _replaced(
        self, options: WriteOptions, state: TableState
    ) -> tuple[Condition | None, ReplacedRows]:
        columns = [field["name"] for field in state.fields]
        if self.write.replaces_some_rows:
            if options.replace_where is not None:
                raise UnityCatalogError(
                    "You can't use replaceWhere in conjunction with an overwrite by filter",
                    condition=conditions.DELTA_REPLACE_WHERE_IN_OVERWRITE,
                )
            return self._by_condition(Condition.of_expression(self.write.condition, columns))
        if self.write.replaces_partitions:
            return None, rows_of_written_partitions if state.partition_columns else all_rows
        if not self.is_overwrite:
            return None, no_rows
        dynamic = self._is_dynamic(options, state)
        if options.replace_where is not None and not self.write.is_v2:
            condition = Condition.parse(options.replace_where, columns)
            _require_condition_alone(options, state, condition, dynamic=dynamic)
            return self._by_condition(condition)
        if not dynamic:
            return None, all_rows
        if options.overwrite_schema:
            raise UnityCatalogError(
                "'overwriteSchema' cannot be used in dynamic partition overwrite mode.",
                condition=conditions.DELTA_OVERWRITE_SCHEMA_WITH_DYNAMIC_PARTITION_OVERWRITE,
            )
        return None, rows_of_written_partitions

    def _by_condition(self, condition: Condition) -> tuple[Condition, ReplacedRows]:
        name = self.name
        schema = f"`{name.catalog}`.`{name.schema}`" if name else self._current_schema()
        return condition, rows_of_condition(self.session, schema, condition.column)

    def _current_schema(self) -> str:
        catalog = self.session.catalog
        return f"`{catalog.currentCatalog()}`.`{catalog.currentDatabase()}`"

    def _is_dynamic(self, options: WriteOptions, state: TableState) -> bool:
        """Return whether only the partitions of the rows are replaced; a table without has none."""
        if self.write.is_v2 or not state.partition_columns:
            return False
        with self.session.internal_queries():
            default = self.session.conf.get(PARTITION_OVERWRITE_MODE, "static") or "static"
        return (options.partition_overwrite_mode or default.lower()) == "dynamic"

    # ---- new columns ------------------------------------------------------------------------------
    def _new_table(self, options: WriteOptions, state: TableState) -> NewTable:
        """Return what the table becomes: ``overwriteSchema`` keeps its properties, ``replace`` does not."""
        write, partitioning = self.write, self.write.partitioning
        if not write.is_v2:
            kept, comment = state.configuration, state.metadata.get("description")
            return NewTable("WRITE", partitioning, _of_delta(kept), kept, comment)
        given = {**write.properties, **_of_delta(options.others)}
        check_properties(given)
        stored = {stored_name(name): value for name, value in given.items()}
        operation = "CREATE OR REPLACE TABLE AS SELECT"
        return NewTable(operation, partitioning, _of_delta(stored), stored, write.comment)


def _of_delta(properties: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in properties.items() if name.startswith("delta.")}


def _require_condition_alone(
    options: WriteOptions, state: TableState, condition: Condition, *, dynamic: bool
) -> None:
    """Refuse options that Delta does not allow beside ``replaceWhere``."""
    if dynamic and options.partition_overwrite_mode == "dynamic":
        raise UnityCatalogError(
            "A 'replaceWhere' expression and 'partitionOverwriteMode'='dynamic' cannot both be set in the "
            "DataFrameWriter options.",
            condition=conditions.DELTA_REPLACE_WHERE_WITH_DYNAMIC_PARTITION_OVERWRITE,
        )
    others = [column for column in condition.columns if column not in state.partition_columns]
    if others and not options.data_change:
        raise UnityCatalogError(
            f"'replaceWhere' cannot be used with data filters when 'dataChange' is set to false. Filters: "
            f"{condition.text}",
            condition=conditions.DELTA_REPLACE_WHERE_WITH_FILTER_DATA_CHANGE_UNSET,
        )
