"""Writes of a DataFrame that replace rows or columns of a Delta table, in one commit.

Sail appends rows to a table as Delta does, with NOT NULL, CHECK, defaults, identities and generated columns. But its
overwrite checks no constraints, and it knows neither ``replaceWhere`` nor dynamic partitions nor
``txnVersion``. So it appends to a staged table (:mod:`lakelab.local.delta.staged`), and the commit is made here.

Follows https://docs.databricks.com/aws/en/delta/selective-overwrite and
https://docs.databricks.com/aws/en/structured-streaming/delta-lake#idempotent-table-writes-in-foreachbatch
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import CommitFailedError
from pyspark.errors import PySparkException
from pyspark.sql.connect import functions as F
from pyspark.sql.connect import proto

from lakelab.local.catalog import conditions
from lakelab.local.catalog.columns import check_column_names
from lakelab.local.catalog.properties import require_may_remove
from lakelab.local.delta.commit import Action, commit_version
from lakelab.local.delta.identities import has_identities, has_marks, with_marks
from lakelab.local.delta.staged import (
    moved_files,
    record_count,
    removal,
    replacing_actions,
    staged_table,
    written_actions,
)
from lakelab.local.delta.state import TableState
from lakelab.local.spark.commands import Answer
from lakelab.local.spark.replaced_rows import ReplacedRows, Replacement, no_rows
from lakelab.local.spark.write_condition import Condition
from lakelab.local.spark.write_options import WriteOptions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.session import Session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ATTEMPTS = 20
"""How often a write is committed when writers that take no lock commit first."""

INSERTED_ROWS = "lakelab_inserted_rows"
"""The number of written rows in the properties of a write's answer."""

_NO_ANSWER: Answer = (None, {}, None)
_APPEND = proto.WriteOperation.SaveMode.SAVE_MODE_APPEND
_CREATE = proto.WriteOperation.SaveMode.SAVE_MODE_ERROR_IF_EXISTS


@dataclass(frozen=True)
class StagedWrite:
    """A write of a DataFrame to a table that exists.

    Parameters
    ----------
    session : Session
    folder : Path
        The table's folder.
    frame : DataFrame
        The rows, with the names of the table's columns.
    options : WriteOptions
    replaced : callable
        Finds what the write takes out of the table.
    condition : Condition, optional
        What the rows must meet.
    parameters : dict of str to str
        What the history has of the write.
    new_table : dict, optional
        ``partitioning`` and ``properties`` where the write replaces the table's columns and properties.
    """

    session: Session
    folder: Path
    frame: DataFrame
    options: WriteOptions
    replaced: ReplacedRows
    parameters: dict[str, str]
    condition: Condition | None = None
    new_table: NewTable | None = None

    def run(self, send: Callable[[Any], Answer]) -> Answer:
        """Write the rows, and commit; once more where another writer changes the table's metadata.

        Parameters
        ----------
        send : callable
            Sends a command of Spark Connect to the engine.

        Raises
        ------
        UnityCatalogError
            If the table does not allow the write.
        pyspark.errors.PySparkException
            If the engine refuses the rows, or a row does not meet the condition.
        deltalake.exceptions.CommitFailedError
            If other writers commit first each time.
        """
        for _ in range(ATTEMPTS):
            state = TableState.read(self.folder)
            if self._is_written(state):
                return _NO_ANSWER
            if self.replaced is not no_rows:
                require_may_remove(state.configuration)
            with ExitStack() as stack:
                staged = stack.enter_context(self._staged(state))
                answer = self._append(send, staged)
                written = written_actions(staged, 0 if self.new_table else 1)
                self._check(staged, stack, state, written)
                if self._commit(state, staged, written):
                    count = sum(record_count(a["add"]) or 0 for a in written if "add" in a)
                    return answer[0], {**answer[1], INSERTED_ROWS: count}, answer[2]
        raise CommitFailedError("Metadata changed since last commit, each time that it was tried.")

    def _is_written(self, state: TableState) -> bool:
        transaction = self.options.transaction
        if transaction is None:
            return False
        return state.transactions.get(transaction.application, -1) >= transaction.version

    # ---- the rows ---------------------------------------------------------------------------------
    def _staged(self, state: TableState) -> AbstractContextManager[Path]:
        if self.new_table:
            return _new_folder(self.session.home.scratch)
        if self.options.merge_schema:
            state = replace(state, metadata=self._merged_metadata(state))
        state = replace(state, metadata=_marked(state))
        return staged_table(self.session.home.scratch, state, with_files=False)

    def _merged_metadata(self, state: TableState) -> dict[str, Any]:
        existing = {column["name"].lower() for column in state.fields}
        new = [
            json.loads(column.json())
            for column in self.frame.schema.toNullable()
            if column.name.lower() not in existing
        ]
        check_column_names(state.fields + new)
        schema = {"type": "struct", "fields": state.fields + new}
        return {**state.metadata, "schemaString": json.dumps(schema)}

    def _append(self, send: Callable[[Any], Answer], staged: Path) -> Answer:
        command = proto.Command()
        write = command.write_operation
        plan: Any = self.frame._plan  # noqa: SLF001 - pyspark has no public way from a DataFrame to its plan
        write.input.CopyFrom(plan.plan(self.session.client))
        write.source, write.path, write.mode = "delta", str(staged), _APPEND
        write.options.update(self.options.others)
        if self.new_table:
            write.mode = _CREATE
            write.partitioning_columns.extend(self.new_table.partitioning)
            write.options.update(self.new_table.properties)
        try:
            return send(command)
        except PySparkException as error:
            if self.condition and conditions.DELTA_VIOLATE_CONSTRAINT_WITH_VALUES in str(error):
                raise _mismatch(self.condition, str(error)) from error
            raise

    def _check(
        self, staged: Path, stack: ExitStack, state: TableState, written: list[Action]
    ) -> None:
        """Check the written rows as they are in the files, casts and generated columns included."""
        if self.condition is None:
            return
        new = TableState(staged)
        new.apply([{"protocol": state.protocol}, {"metaData": state.metadata}, *written])
        scratch = self.session.home.scratch
        copy = stack.enter_context(staged_table(scratch, new, with_files=True))
        with self.session.internal_queries():
            rows = self.session.read.format("delta").load(str(copy))
            broken = rows.filter(~F.coalesce(self.condition.column, F.lit(False))).limit(1)
            found = broken.select(*self.condition.columns).collect()
        if found:
            values = "".join(
                f"\n - {column} : {'null' if value is None else value}"
                for column, value in found[0].asDict().items()
            )
            text = self.condition.text
            raise _mismatch(
                self.condition,
                f"[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint EXPRESSION({text}) ({text}) "
                f"violated by row with values:{values}",
            )

    # ---- the commit -------------------------------------------------------------------------------
    def _commit(self, state: TableState, staged: Path, written: list[Action]) -> bool:
        """Commit on the newest version; False if the metadata changed since the rows were written."""
        adds = [action["add"] for action in written if "add" in action]
        metadata = self._new_metadata(state, staged, written)
        newest = state
        for _ in range(ATTEMPTS):
            with self.replaced(newest, adds) as out:
                actions = [*metadata, *self._file_actions(adds, out), *self._transaction()]
                files = moved_files(staged, self.folder, adds)
                copies = moved_files(out.folder or staged, self.folder, out.copied)
                try:
                    with files, copies:
                        info = self._info(adds, out)
                        commit_version(self.folder, newest.version + 1, info, actions)
                    return True
                except CommitFailedError:
                    newest = TableState.read(self.folder)
            if newest.metadata != state.metadata or newest.protocol != state.protocol:
                return False
            if self._is_written(newest):
                return True
        return False

    def _new_metadata(self, state: TableState, staged: Path, written: list[Action]) -> list[Action]:
        """Return the actions of changed metadata: merged or new columns, and the state of identities."""
        if self.new_table:
            return self.new_table.actions(state, written)
        changed = [action for action in written if "metaData" in action][-1:]
        if not changed and self.options.merge_schema:
            merged = self._merged_metadata(state)
            if json.loads(merged["schemaString"])["fields"] != state.fields:
                changed = [{"metaData": merged}]
        if has_identities(state.fields):
            before = changed[-1]["metaData"] if changed else _marked(state)
            adds = [action["add"] for action in written if "add" in action]
            marked = with_marks(before, staged, adds, self.frame.columns)
            changed = [{"metaData": marked}] if marked != state.metadata else []
        protocol = [action for action in written if "protocol" in action][-1:]
        return [*protocol, *changed]

    def _file_actions(self, adds: list[dict[str, Any]], out: Replacement) -> list[Action]:
        changes = self.options.data_change
        removes = [removal(add, data_change=changes) for add in out.removed]
        new = [{"add": {**add, "dataChange": changes}} for add in (*adds, *out.copied)]
        return [*removes, *new]

    def _transaction(self) -> list[Action]:
        transaction = self.options.transaction
        if transaction is None:
            return []
        written = {"appId": transaction.application, "version": transaction.version}
        return [{"txn": written}]

    def _info(self, adds: list[dict[str, Any]], out: Replacement) -> dict[str, Any]:
        written = [*adds, *out.copied]
        metrics = {
            "numFiles": len(written),
            "numOutputRows": sum(record_count(add) or 0 for add in written),
            "numOutputBytes": sum(add["size"] for add in written),
        }
        if out.removed:
            metrics["numRemovedFiles"] = len(out.removed)
            metrics["numRemovedBytes"] = sum(add["size"] for add in out.removed)
        if self.condition:
            metrics["numDeletedRows"] = out.deleted_rows
            metrics["numCopiedRows"] = out.copied_rows
        info: dict[str, Any] = {
            "operation": self.new_table.operation if self.new_table else "WRITE",
            "operationParameters": self.parameters,
            "operationMetrics": {name: str(count) for name, count in metrics.items()},
            "isBlindAppend": not out.removed,
        }
        if self.options.user_metadata is not None:
            info["userMetadata"] = self.options.user_metadata
        return info


@dataclass(frozen=True)
class NewTable:
    """What a write that replaces a table's columns sets.

    Parameters
    ----------
    operation : str
        The operation in the history.
    partitioning : list of str
        The partition columns.
    properties : dict of str to str
        The properties for the engine.
    configuration : dict of str to str, optional
        The properties that the table has afterwards beside those that the engine writes.
    comment : str, optional
    """

    operation: str
    partitioning: list[str]
    properties: dict[str, str]
    configuration: dict[str, str]
    comment: str | None = None

    def actions(self, state: TableState, written: list[Action]) -> list[Action]:
        """Return the metadata of the new columns, and a protocol that allows the old and the new ones."""
        created = next(action["metaData"] for action in written if "metaData" in action)
        configuration = {**self.configuration, **(created.get("configuration") or {})}
        return replacing_actions(state, written, configuration, self.comment)


def _marked(state: TableState) -> dict[str, Any]:
    """Return the metadata with the highest numbers, also those of a table of an earlier release."""
    if has_marks(state.fields):
        return state.metadata
    given = [
        f["name"] for f in state.fields if f["metadata"].get("delta.identity.allowExplicitInsert")
    ]
    return with_marks(state.metadata, state.folder, state.files.values(), given)


@contextmanager
def _new_folder(scratch: Path) -> Iterator[Path]:
    """Return a path for a new table, whose folder is deleted after the block."""
    folder = scratch / f"staged-{uuid.uuid4().hex}"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mismatch(condition: Condition, reason: str) -> Exception:
    return analysis_error(
        conditions.DELTA_REPLACE_WHERE_MISMATCH,
        f"Written data does not conform to partial table overwrite condition or constraint "
        f"'{condition.text}'.\n{reason}",
    )
