"""Which rows of a table a write replaces: all, those of some partitions, or those of a condition.

Follows https://docs.databricks.com/aws/en/delta/selective-overwrite

Tested in ``tests/local/spark/test_delta_writes.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql.connect import functions as F

from lakelab.local.catalog.names import quoted
from lakelab.local.delta.partitions import partition_key
from lakelab.local.delta.staged import record_count, staged_table, written_actions
from lakelab.local.delta.state import TableState
from lakelab.local.sql.session import Session
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from pyspark.sql import Column

Add = dict[str, Any]


@dataclass(frozen=True)
class Replacement:
    """The files that a write takes out of a table.

    Attributes
    ----------
    removed : list of dict
        The ``add`` actions of these files.
    copied : list of dict
        The ``add`` actions of new files with the rows of them that stay.
    folder : Path or None
        The staged table that has the new files.
    """

    removed: list[Add] = field(default_factory=list)
    copied: list[Add] = field(default_factory=list)
    folder: Path | None = None

    @property
    def copied_rows(self) -> int:
        """The number of rows that stay."""
        return sum(record_count(add) or 0 for add in self.copied)

    @property
    def deleted_rows(self) -> int:
        """The number of rows that go."""
        return sum(record_count(add) or 0 for add in self.removed) - self.copied_rows


ReplacedRows = Callable[[TableState, list[Add]], AbstractContextManager[Replacement]]
"""Finds what to take out, from the table's state and the new files; the block commits it."""


@contextmanager
def no_rows(state: TableState, new: list[Add]) -> Iterator[Replacement]:
    """Take nothing out: the write appends."""
    yield Replacement()


@contextmanager
def all_rows(state: TableState, new: list[Add]) -> Iterator[Replacement]:
    """Take all files out."""
    yield Replacement(list(state.files.values()))


@contextmanager
def rows_of_written_partitions(state: TableState, new: list[Add]) -> Iterator[Replacement]:
    """Take the files of the partitions out that the new files have."""
    columns, fields = state.partition_columns, state.fields
    written = {partition_key(add, columns, fields) for add in new}
    files = state.files.values()
    yield Replacement([add for add in files if partition_key(add, columns, fields) in written])


def rows_of_condition(session: Session, schema: str, condition: Column) -> ReplacedRows:
    """Take the rows out for which a condition is true.

    Sail's overwrite by a condition would lose the rows for which the condition is null.

    Parameters
    ----------
    session : Session
    schema : str
        A schema of the engine, quoted, where the staged table gets a name for the time of the write.
    condition : Column
        The condition.
    """

    @contextmanager
    def replaced(state: TableState, new: list[Add]) -> Iterator[Replacement]:
        with staged_table(session.home.scratch, state, with_files=True) as folder:
            with engine_table(session, schema, folder) as table, session.internal_queries():
                empty = session.createDataFrame([], session.table(table).schema)
                empty.writeTo(table).overwrite(
                    F.when(condition, F.lit(True)).otherwise(F.lit(False))
                )
            actions = written_actions(folder)
            gone = {action["remove"]["path"] for action in actions if "remove" in action}
            removed = [add for path, add in state.files.items() if path in gone]
            copied = [action["add"] for action in actions if "add" in action]
            yield Replacement(removed, copied, folder)

    return replaced


@contextmanager
def engine_table(session: Session, schema: str, folder: Path) -> Iterator[str]:
    """Register a folder as a table of the engine for the time of the block.

    Parameters
    ----------
    session : Session
    schema : str
        A schema of the engine, quoted.
    folder : Path
        The folder of a Delta table.
    """
    table = f"{schema}.{quoted(folder.name)}"
    with session.internal_queries():
        session.engine_sql(f"CREATE TABLE {table} USING DELTA LOCATION {sql_literal(str(folder))}")
    try:
        yield table
    finally:
        with session.internal_queries():
            session.engine_sql(f"DROP TABLE IF EXISTS {table}")
