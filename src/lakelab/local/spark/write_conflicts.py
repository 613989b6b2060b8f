"""Several notebooks change one table: MERGE, UPDATE and DELETE take turns, and none is lost.

Sail gives up a statement that rewrites rows when another writer commits first; Delta on Databricks
looks whether the two touched the same rows, and lets both pass where they did not. Here such statements
wait for each other, by the lock that ``write_table`` takes as well. Writers that take no lock, such as
an INSERT, may still be first: then the statement is carried out anew, as a whole. INSERT itself waits
for nobody: Sail puts it behind whatever was committed meanwhile, unless that changed what the table
says of itself. Statements that make or replace a table take their turn, too: Sail makes one in several
steps.

Follows https://docs.databricks.com/aws/en/optimizations/isolation-level
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql.connect import proto

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark import row_counts
from lakelab.local.spark.check_constraints import require_checks
from lakelab.local.sql.text import LEADING

if TYPE_CHECKING:
    from lakelab.local.spark.session import LocalSparkSession

ATTEMPTS = 20
"""How often a statement is tried when writers that take no lock commit first."""

_NAME = r"(?:`[^`]+`|[^\s`.;(]+)"
_REWRITES = re.compile(
    rf"{LEADING}"
    r"(?:MERGE\s+(?:WITH\s+SCHEMA\s+EVOLUTION\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"
    rf"(?P<name>{_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE | re.DOTALL,
)

# What Sail says when it looks at the commits of others before it makes its own, and gives up
_CONFLICT = re.compile(
    r"Failed to commit transaction: \d+\s*\Z|(?:Metadata|Protocol) changed since last commit"
)
# What it says when it cannot bring the snapshot that it has of the table up to date after that
_STALE = re.compile(r"Missing commit file: expected version")


_DISK_FULL = "No space left on device"


def rewritten_table(statement: str) -> str | None:
    r"""Give the name of the table whose rows a statement rewrites; None for any other statement.

    Examples
    --------
    >>> rewritten_table("MERGE WITH SCHEMA EVOLUTION INTO main.flights.`air port` t USING s ON t.a = s.a")
    'main.flights.`air port`'
    >>> rewritten_table("-- this year's\n delete from weather WHERE year = 2013")
    'weather'
    >>> rewritten_table("INSERT INTO weather VALUES (1)") is None
    True
    """
    told = _REWRITES.match(statement)
    return told["name"] if told else None


def is_conflict(error: PySparkException) -> bool:
    """Say whether a statement failed because another writer committed first; nothing is committed then.

    Examples
    --------
    >>> from pyspark.errors import SparkRuntimeException
    >>> is_conflict(SparkRuntimeException(message="Failed to commit transaction: 0"))
    True
    """
    return _CONFLICT.match(str(error)) is not None


_CREATES = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE,
)


def take_turns(session: LocalSparkSession) -> None:
    """Let the statements of a session that rewrite rows wait for those of others, and never fail by them."""
    client: Any = session.client
    execute = client.execute_command

    def execute_command(command: Any, *args: Any, **kwargs: Any) -> Any:
        if session.is_internal:  # the session itself, which keeps its catalog up to date
            return execute(command, *args, **kwargs)
        written = _written(command)
        try:
            if written is None:
                return execute(command, *args, **kwargs)
            name = _table(session, written.table) if written.in_turn else None
            with session.unity.locked(name) if name else nullcontext():
                before = name and LogSnapshot.read(session.unity.path(name))
                answer = carry_out(written, lambda: execute(command, *args, **kwargs))
                if written.operation == "INSERT":
                    row_counts.tell_inserted(session, answer[1])
                elif name and before and written.rewritten:
                    require_checks(session, name, before, written.operation or "MERGE")
                    if written.operation:
                        row_counts.tell_rewritten(session, answer[1], written.operation, before)
                return answer
        except PySparkException as error:
            if _DISK_FULL not in str(error):
                raise
            raise type(error)(
                message=f"The disk is full: nothing of this statement was written. Free some space for "
                f"{session.home.place}, then run it again. ({error})"
            ) from error

    client.execute_command = execute_command


@dataclass(frozen=True)
class Written:
    """What a command does to a table.

    Parameters
    ----------
    table : str
        The table, as the command names it.
    in_turn : bool
        Whether it waits for others; an append does not.
    rewritten : bool
        Whether it changes rows that are there.
    operation : str, optional
        What the statement does to rows, where it is one of SQL: ``INSERT``, ``UPDATE``, ...
    """

    table: str
    in_turn: bool = True
    rewritten: bool = False
    operation: str | None = None


def _written(command: Any) -> Written | None:
    if command.HasField("merge_into_table_command"):
        return Written(command.merge_into_table_command.target_table_name, rewritten=True)
    if command.HasField("write_operation"):
        write = command.write_operation
        append = write.mode == proto.WriteOperation.SaveMode.SAVE_MODE_APPEND
        return Written(write.table.table_name, in_turn=not append)
    if not command.HasField("sql_command"):
        return None
    statement = command.sql_command.sql or command.sql_command.input.sql.query
    operation = row_counts.operation(statement)
    if table := rewritten_table(statement):
        return Written(table, rewritten=True, operation=operation)
    if creates := _CREATES.match(statement):
        return Written(creates["name"])
    return Written("", in_turn=False, operation=operation) if operation == "INSERT" else None


def _table(session: LocalSparkSession, target: str) -> TableName | None:
    try:
        name = session.resolve(target)
        session.unity.require_schema(name.catalog, name.schema)
    except UnityCatalogError:  # no name of a table, or of none that can be: the engine says so
        return None
    return name


def carry_out(written: Written, statement: Callable[[], Any]) -> Any:
    """Carry out a statement, as a whole once more for each time that another writer was first.

    Parameters
    ----------
    written : Written
        What it does.
    statement : callable
        Carries it out, and gives its answer.

    Raises
    ------
    pyspark.errors.PySparkException
        If it fails for another reason, or others were first `ATTEMPTS` times.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return statement()
        except PySparkException as error:
            # out of turn, nobody can tell that a statement with a stale snapshot did nothing
            again = is_conflict(error) or (written.rewritten and _STALE.match(str(error)))
            if not again:
                raise
            if attempt == ATTEMPTS:
                raise type(error)(
                    message=f"Other writers changed the table each of the {ATTEMPTS} times that this "
                    f"statement was tried; nothing of it was written. Run it again when they are done. "
                    f"({error})"
                ) from error
        time.sleep(random.uniform(0, 0.02 * attempt))  # let the others through
    raise AssertionError("the last attempt returns or raises")
