"""How many rows a statement changed, in the columns that Databricks answers with.

Sail answers with one number, of the rows that it wrote: a row that UPDATE only copied counts, and one that
DELETE removed does not. The commit has the true numbers.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-merge-into and
https://docs.databricks.com/aws/en/delta/history#operation-metrics-keys
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql.connect.plan import LocalRelation

from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.commands import Answer, Command, Proceed
from lakelab.local.sql.session import Session

_RESULT = "sql_command_result"
_METRICS: dict[str, dict[str, tuple[str, ...]]] = {
    "UPDATE": {"num_affected_rows": ("numUpdatedRows",)},
    "DELETE": {"num_affected_rows": ("numDeletedRows",)},
    "MERGE": {
        "num_affected_rows": (
            "numTargetRowsUpdated",
            "numTargetRowsDeleted",
            "numTargetRowsInserted",
        ),
        "num_updated_rows": ("numTargetRowsUpdated",),
        "num_deleted_rows": ("numTargetRowsDeleted",),
        "num_inserted_rows": ("numTargetRowsInserted",),
    },
}
"""Operation in the history -> column of the answer -> the metrics whose sum the column is."""


def report_changed_rows(command: Command, proceed: Proceed) -> Answer:
    """Answer INSERT, UPDATE, DELETE and MERGE with the columns and numbers that Databricks gives."""
    answer = proceed(command)
    change = command.change
    if change is None or change.operation is None:
        return answer
    if change.operation == "INSERT":
        report_inserted_rows(command.session, answer[1])
    elif change.rewrites_rows and command.before:
        report_rewritten_rows(command.session, answer[1], change.operation, command.before)
    return answer


def report_inserted_rows(session: Session, properties: dict[str, Any]) -> None:
    """Rename the number of rows that INSERT wrote as Databricks names it.

    Parameters
    ----------
    session : Session
    properties : dict
        The statement's answer from Spark's client; it is changed.
    """
    with pa.ipc.open_stream(properties[_RESULT].local_relation.data) as stream:
        (count,) = stream.read_all()["count"].to_pylist()
    _set_result(session, properties, {"num_affected_rows": count, "num_inserted_rows": count})


def report_rewritten_rows(
    session: Session, properties: dict[str, Any], operation: str, before: LogSnapshot
) -> None:
    """Count the rows that UPDATE, DELETE or MERGE changed, by the metrics of its commit.

    Parameters
    ----------
    session : Session
    properties : dict
        The statement's answer from Spark's client; it is changed.
    operation : {'UPDATE', 'DELETE', 'MERGE'}
    before : LogSnapshot
        The table's log when the statement began. The statement holds the table's lock, so the commit of
        such an operation after it is this statement's.
    """
    version = commit_of(before, operation)
    info = {} if version is None else _commit_info(before.folder, version)
    metrics = info.get("operationMetrics") or {}
    counts = {
        column: sum(int(metrics.get(name, 0)) for name in names)
        for column, names in _METRICS[operation].items()
    }
    _set_result(session, properties, counts)


def commit_of(before: LogSnapshot, operation: str) -> int | None:
    """Find the newest commit of an operation since a snapshot; None if there is none."""
    for version in range(LogSnapshot.read(before.folder).version, before.version, -1):
        if _commit_info(before.folder, version).get("operation") == operation:
            return version
    return None


def _commit_info(folder: Path, version: int) -> dict[str, Any]:
    with (folder / "_delta_log" / f"{version:020}.json").open(encoding="utf-8") as lines:
        actions = (json.loads(line) for line in lines)
        return next((dict(a["commitInfo"]) for a in actions if "commitInfo" in a), {})


def _set_result(session: Session, properties: dict[str, Any], counts: dict[str, int]) -> None:
    rows = pa.table({column: pa.array([count], pa.int64()) for column, count in counts.items()})
    properties[_RESULT] = LocalRelation(rows).plan(session.client)
