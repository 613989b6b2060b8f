"""Statements that rewrite rows wait for each other; a conflict with a writer without a lock is retried."""

from __future__ import annotations

from functools import partial

import pytest
from pyspark.errors import SparkRuntimeException

from lakelab.local.spark.commands import Command, TableChange
from lakelab.local.spark.write_conflicts import ATTEMPTS, retry, retry_conflicts, serialize_rewrites

APPEND = TableChange("t", is_serialized=False)
MERGE = TableChange("t", rewrites_rows=True)


def test_only_a_statement_that_did_nothing_is_tried_again_and_not_for_ever(monkeypatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    attempts: list[str] = []

    def fail(message: str) -> None:
        attempts.append(message)
        raise SparkRuntimeException(message=message)

    for change, message, times in (
        (APPEND, "Failed to commit transaction: 0", ATTEMPTS),
        (MERGE, "Metadata changed since last commit.", ATTEMPTS),
        (MERGE, "Missing commit file: expected version 0, found 7", ATTEMPTS),
        (APPEND, "Missing commit file: expected version 0, found 7", 1),
        (MERGE, "Failed to commit transaction: No space left on device", 1),
        (APPEND, "NOT NULL constraint violated", 1),
    ):
        attempts.clear()
        with pytest.raises(SparkRuntimeException, match=message):
            retry(change, partial(fail, message))
        assert len(attempts) == times, message
    with pytest.raises(SparkRuntimeException, match="nothing of it was written. Run it again"):
        retry(MERGE, partial(fail, "Failed to commit transaction: 0"))


def test_a_query_is_not_tried_again() -> None:
    attempts = []

    def fail(command: Command):
        attempts.append(command)
        raise SparkRuntimeException(message="Failed to commit transaction: 0")

    with pytest.raises(SparkRuntimeException):
        retry_conflicts(Command(None, None), fail)
    assert len(attempts) == 1


@pytest.mark.parametrize(
    ("change", "locked"),
    [
        (TableChange("planes", rewrites_rows=True), True),
        (TableChange("planes"), True),
        (TableChange("planes", is_serialized=False), False),
        (TableChange("no_such_schema.planes"), False),
        (None, False),
    ],
)
def test_the_lock_of_a_table_is_held_for_the_next_steps(spark, planes, monkeypatch, change, locked):
    locks = []
    real = spark.unity.locked
    monkeypatch.setattr(spark.unity, "locked", lambda name: (locks.append(name), real(name))[1])
    seen = []
    serialize_rewrites(Command(spark, None, change), lambda command: seen.append(command))
    (command,) = seen
    assert locks == ([planes] if locked else [])
    assert command.table == (planes if locked else None)
    assert (command.before is not None) == locked
    if locked:
        assert command.before.version == spark.unity.table(planes).version
