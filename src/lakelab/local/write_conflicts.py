"""Several notebooks change one table: MERGE, UPDATE and DELETE take turns, and none is lost.

Sail gives up a statement that rewrites rows when another writer commits first; Delta on Databricks
looks whether the two touched the same rows, and lets both pass where they did not. Here such statements
wait for each other, by the lock that ``write_table`` takes as well. Writers that take no lock, such as
an INSERT, may still be first: then the statement is carried out anew, as a whole. INSERT itself needs
none of this: Sail puts it behind whatever was committed meanwhile. Statements that make or replace a
table take their turn, too: Sail makes one in several steps.

Follows https://docs.databricks.com/aws/en/optimizations/isolation-level
"""

from __future__ import annotations

import random
import re
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql.connect import proto

from lakelab.local.unity_catalog import TableName, UnityCatalogError

if TYPE_CHECKING:
    from lakelab.local.spark import LocalSparkSession

ATTEMPTS = 20
"""How often a statement is tried when writers that take no lock commit first."""

_NAME = r"(?:`[^`]+`|[^\s`.;(]+)"
_REWRITES = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:MERGE\s+(?:WITH\s+SCHEMA\s+EVOLUTION\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"
    rf"(?P<name>{_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE | re.DOTALL,
)

# Sail says the one when another writer has taken the version, and the other when it cannot bring the
# snapshot that it has of the table up to date after that. It has committed nothing in either case.
_CONFLICT = re.compile(
    r"Failed to commit transaction: \d+\s*\Z|Missing commit file: expected version"
)


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
    """Say whether a statement failed because another writer committed first.

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
        if session.asks_quietly:  # the session itself, which keeps its catalog up to date
            return execute(command, *args, **kwargs)
        rewritten, made = _targets(command)
        with _turn(session, rewritten or made):
            if rewritten:
                return _carry_out(rewritten, lambda: execute(command, *args, **kwargs))
            return execute(command, *args, **kwargs)

    client.execute_command = execute_command


def _targets(command: Any) -> tuple[str | None, str | None]:
    """Give the table whose rows a command rewrites, or the one that it makes or replaces."""
    if command.HasField("merge_into_table_command"):
        return command.merge_into_table_command.target_table_name, None
    if command.HasField("sql_command"):
        statement = command.sql_command.sql or command.sql_command.input.sql.query
        creates = _CREATES.match(statement)
        return rewritten_table(statement), creates and creates["name"]
    if command.HasField("write_operation"):
        write = command.write_operation
        append = write.mode == proto.WriteOperation.SaveMode.SAVE_MODE_APPEND
        return None, None if append else write.table.table_name or None
    return None, None


def _turn(session: LocalSparkSession, target: str | None) -> AbstractContextManager[None]:
    if target is None:
        return nullcontext()
    try:
        name: TableName = session.resolve(target)
        session.unity.require_schema(name.catalog, name.schema)
    except UnityCatalogError:  # no name of a table, or of none that can be: the engine says so
        return nullcontext()
    return session.unity.locked(name)


def _carry_out(target: str, statement: Any) -> Any:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return statement()
        except PySparkException as error:
            if not is_conflict(error):
                raise
            if attempt == ATTEMPTS:
                raise type(error)(
                    message=f"Other writers changed table '{target}' each of the {ATTEMPTS} times that "
                    f"this statement was tried; nothing of it was written. Run it again when they are "
                    f"done. ({error})"
                ) from error
        time.sleep(random.uniform(0, 0.02 * attempt))  # let the others through
    raise AssertionError("the last attempt returns or raises")
