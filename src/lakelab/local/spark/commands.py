"""Commands of Spark Connect on their way to the engine, and what they do to a table.

A command is an SQL statement, a write of a DataFrame, or another action such as creating a view. The client passes each command
through its steps (:mod:`lakelab.local.spark.client`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.sql.connect import proto

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.sql.session import Session
from lakelab.local.sql.text import LEADING

_NAME = r"(?:`[^`]+`|[^\s`.;(]+)"
_OPERATION = re.compile(
    rf"{LEADING}(?P<word>MERGE|UPDATE|DELETE|INSERT)\b", re.IGNORECASE | re.DOTALL
)
_REWRITES = re.compile(
    rf"{LEADING}"
    r"(?:MERGE\s+(?:WITH\s+SCHEMA\s+EVOLUTION\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"
    rf"(?P<name>{_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE | re.DOTALL,
)
_CREATES = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TableChange:
    """What a command does to a table.

    Parameters
    ----------
    table : str
        The table, as the command names it; empty for INSERT and for a write to a path.
    is_serialized : bool
        Whether the command waits for others that change the table; an append does not.
    rewrites_rows : bool
        Whether the command is MERGE, UPDATE or DELETE.
    operation : {'INSERT', 'UPDATE', 'DELETE', 'MERGE'}, optional
        What an SQL statement does to rows.
    """

    table: str
    is_serialized: bool = True
    rewrites_rows: bool = False
    operation: str | None = None


@dataclass(frozen=True)
class Command:
    """A command on its way to the engine.

    Parameters
    ----------
    session : Session
    message : pyspark.sql.connect.proto.Command
    change : TableChange, optional
        What it does to a table; None for a command that changes no table, or only by ``writeTo``.
    table : TableName, optional
        The table whose lock is held for the command.
    before : LogSnapshot, optional
        The table's log when the lock was taken.
    """

    session: Session
    message: Any
    change: TableChange | None = None
    table: TableName | None = None
    before: LogSnapshot | None = None


Answer = tuple[Any, dict[str, Any], Any]
"""What Spark's client returns for a command: rows, properties, and how the command was executed."""

Proceed = Callable[[Command], Answer]
Step = Callable[[Command, Proceed], Answer]
"""One step: it may change the command, call the next step, and change the answer."""


def run_steps(
    steps: tuple[Step, ...], command: Command, execute: Callable[[Any], Answer]
) -> Answer:
    """Pass a command through steps, the first one outermost, and execute it after the last one.

    Parameters
    ----------
    steps : tuple of Step
    command : Command
    execute : callable
        Sends the command's message to the engine, and returns the answer.

    Examples
    --------
    >>> def loud(command, proceed):
    ...     rows, properties, info = proceed(command)
    ...     return rows.upper(), properties, info
    >>> run_steps((loud,), Command(None, "abc"), lambda message: (message, {}, None))
    ('ABC', {}, None)
    """
    if not steps:
        return execute(command.message)
    first, *rest = steps
    return first(command, lambda changed: run_steps(tuple(rest), changed, execute))


def table_change(message: Any) -> TableChange | None:
    """Return what a command does to a table; None for a command that changes none.

    Parameters
    ----------
    message : pyspark.sql.connect.proto.Command
    """
    if message.HasField("merge_into_table_command"):
        return TableChange(message.merge_into_table_command.target_table_name, rewrites_rows=True)
    if message.HasField("write_operation"):
        write = message.write_operation
        append = write.mode == proto.WriteOperation.SaveMode.SAVE_MODE_APPEND
        return TableChange(write.table.table_name, is_serialized=not append)
    if not message.HasField("sql_command"):
        return None
    statement = message.sql_command.sql or message.sql_command.input.sql.query
    operation = row_operation(statement)
    if table := rewritten_table(statement):
        return TableChange(table, rewrites_rows=True, operation=operation)
    if match := _CREATES.match(statement):
        return TableChange(match["name"])
    if operation == "INSERT":
        return TableChange("", is_serialized=False, operation=operation)
    return None


def resolve_target(session: Session, target: str) -> TableName | None:
    """Complete the name of a table that a command changes.

    Returns
    -------
    TableName or None
        None if it is not the name of a table, or its schema does not exist: the engine reports that.
    """
    try:
        name = session.resolve(target)
        session.unity.require_schema(name.catalog, name.schema)
    except UnityCatalogError:
        return None
    return name


def row_operation(statement: str) -> str | None:
    r"""Return what a statement does to rows; None for any other statement.

    Examples
    --------
    >>> row_operation("-- those of this year\n delete FROM weather WHERE year = 2013")
    'DELETE'
    >>> row_operation("SELECT 1") is None
    True
    """
    match = _OPERATION.match(statement)
    return match["word"].upper() if match else None


def rewritten_table(statement: str) -> str | None:
    r"""Return the name of the table whose rows a statement rewrites; None for any other statement.

    Examples
    --------
    >>> rewritten_table("MERGE WITH SCHEMA EVOLUTION INTO main.flights.`air port` t USING s ON t.a = s.a")
    'main.flights.`air port`'
    >>> rewritten_table("-- this year's\n delete from weather WHERE year = 2013")
    'weather'
    >>> rewritten_table("INSERT INTO weather VALUES (1)") is None
    True
    """
    match = _REWRITES.match(statement)
    return match["name"] if match else None
