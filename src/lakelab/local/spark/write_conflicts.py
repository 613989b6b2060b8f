"""Several notebooks change one table: MERGE, UPDATE and DELETE wait for each other, and none is lost.

Sail gives up a statement that rewrites rows when another writer commits first. Delta on Databricks checks
whether both touched the same rows, and accepts both where they did not. Here such statements wait for each
other, by the lock that ``write_table`` takes as well. Writers that take no lock, such as an INSERT, may
still commit first: then the statement is executed again, as a whole. INSERT itself does not wait: Sail
commits it after what was committed meanwhile, unless that changed the table's metadata. Statements that
create or replace a table wait, too: Sail creates a table in several steps.

Follows https://docs.databricks.com/aws/en/optimizations/isolation-level
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

from pyspark.errors import PySparkException

from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.commands import Answer, Command, Proceed, TableChange, resolve_target

T = TypeVar("T")

ATTEMPTS = 20
"""How often a statement is tried when writers that take no lock commit first."""

# Sail's message when it checks the commits of others before its own commit, and gives up
_CONFLICT = re.compile(
    r"Failed to commit transaction: \d+\s*\Z|(?:Metadata|Protocol) changed since last commit"
)
# Sail's message when it cannot update its snapshot of the table after that
_STALE = re.compile(r"Missing commit file: expected version")


def serialize_rewrites(command: Command, proceed: Proceed) -> Answer:
    """Serialize statements that rewrite rows across sessions, so that concurrent writers wait.

    The next steps find the table, and its log when the lock was taken, in the command.
    """
    change = command.change
    if change is None or not change.is_serialized:
        return proceed(command)
    table = resolve_target(command.session, change.table)
    unity = command.session.unity
    with unity.locked(table) if table else nullcontext():
        folder = command.folder or (unity.path(table) if table else None)
        before = LogSnapshot.read(folder) if folder else None
        return proceed(replace(command, table=table, before=before))


def retry_conflicts(command: Command, proceed: Proceed) -> Answer:
    """Execute a command that changes a table again, as a whole, when another writer commits first."""
    if command.change is None:
        return proceed(command)
    return retry(command.change, lambda: proceed(command))


def retry(change: TableChange, execute: Callable[[], T]) -> T:
    """Execute a statement until no other writer commits first.

    Parameters
    ----------
    change : TableChange
        What the statement does to a table.
    execute : callable
        Executes the statement, and returns its answer.

    Raises
    ------
    pyspark.errors.PySparkException
        If the statement fails for another reason, or others committed first `ATTEMPTS` times.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return execute()
        except PySparkException as error:
            # without a lock, a stale snapshot does not prove that the statement did nothing
            stale = change.rewrites_rows and _STALE.match(str(error))
            if not (is_conflict(error) or stale):
                raise
            if attempt == ATTEMPTS:
                raise type(error)(
                    message=f"Other writers changed the table each of the {ATTEMPTS} times that this "
                    f"statement was tried; nothing of it was written. Run it again when they are done. "
                    f"({error})"
                ) from error
        time.sleep(random.uniform(0, 0.02 * attempt))  # let the other writers finish
    raise AssertionError("the last attempt returns or raises")


def is_conflict(error: PySparkException) -> bool:
    """Return whether a statement failed because another writer committed first; it committed nothing.

    Examples
    --------
    >>> from pyspark.errors import SparkRuntimeException
    >>> is_conflict(SparkRuntimeException(message="Failed to commit transaction: 0"))
    True
    """
    return _CONFLICT.match(str(error)) is not None
