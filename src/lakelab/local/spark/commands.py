"""Commands of Spark Connect on their way to the engine, and what they do to a table.

A command is an SQL statement, a write of a DataFrame, or another action such as creating a view. The client passes each command
through its steps (:mod:`lakelab.local.spark.client`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql.connect import proto
from sqlglot import exp

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName, quoted
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.sql.dialect import first_words, parse
from lakelab.local.sql.errors import syntax_error
from lakelab.local.sql.session import Session

_CHANGING_WORDS = frozenset({"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"})
"""First words of statements that change the rows of a table."""


@dataclass(frozen=True)
class TableChange:
    """What a command does to a table.

    Parameters
    ----------
    table : str
        The table's name as SQL text; empty for an append and for a write to a path.
    is_serialized : bool
        Whether the command waits for others that change the table; an append does not.
    rewrites_rows : bool
        Whether the command is MERGE, UPDATE or DELETE: rows of the table get other values.
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
    folder : Path, optional
        The folder of a table outside Unity Catalog.
    before : LogSnapshot, optional
        The table's log when the lock was taken.
    """

    session: Session
    message: Any
    change: TableChange | None = None
    table: TableName | None = None
    folder: Path | None = None
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
    return statement_change(message.sql_command.sql or message.sql_command.input.sql.query)


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


def statement_change(text: str) -> TableChange | None:
    r"""Return what an SQL statement does to a table; None for a statement that changes none.

    Raises
    ------
    pyspark.errors.ParseException
        If the statement changes rows, but it is not known of which table.

    Examples
    --------
    >>> statement_change("MERGE WITH SCHEMA EVOLUTION INTO a.`b c` t USING s ON t.a = s.a WHEN MATCHED THEN DELETE")
    TableChange(table='`a`.`b c`', is_serialized=True, rewrites_rows=True, operation='MERGE')
    >>> statement_change("SELECT 1") is None
    True
    """
    statement = parse(text)
    tree = statement.tree
    if isinstance(tree, exp.Merge | exp.Update | exp.Delete):
        operation = tree.key.upper()
        return TableChange(_table_name(tree, text), rewrites_rows=True, operation=operation)
    if isinstance(tree, exp.Insert):
        replaces = any(tree.args.get(clause) for clause in ("overwrite", "where", "using"))
        table = _table_name(tree, text) if replaces else ""
        return TableChange(table, is_serialized=replaces, operation="INSERT")
    if isinstance(tree, exp.Create) and tree.kind == "TABLE":
        return TableChange(_table_name(tree, text))
    if (tree is None or isinstance(tree, exp.Command)) and _changes_rows(text):
        raise syntax_error(text, statement.error or "its clauses")
    return None


def _table_name(statement: exp.Expr, text: str) -> str:
    """Return the name of the table that a statement changes, with each level in backticks."""
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    if isinstance(target, exp.Directory):
        return ""
    if not isinstance(target, exp.Table) or not target.name:
        raise syntax_error(text, "it names no table")
    return ".".join(quoted(part.name) for part in target.parts)


def _changes_rows(text: str) -> bool:
    """Return whether the first words are those of a statement that changes rows, or creates a table."""
    first, *following = first_words(text) or ("",)
    return first in _CHANGING_WORDS or (first == "CREATE" and "TABLE" in following)
