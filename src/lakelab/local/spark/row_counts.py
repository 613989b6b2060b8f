"""How many rows a statement changed, in the columns that Databricks answers with.

Sail answers with one number, of the rows that it wrote: a row that UPDATE only copied counts, and one that
DELETE removed does not. The commit says what was changed.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-merge-into and
https://docs.databricks.com/aws/en/delta/history#operation-metrics-keys
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.connect.plan import LocalRelation

from lakelab.local.delta.log import LogSnapshot
from lakelab.local.sql.text import LEADING

if TYPE_CHECKING:
    from lakelab.local.spark.session import LocalSparkSession

_ANSWER = "sql_command_result"
_OPERATION = re.compile(
    rf"{LEADING}(?P<word>MERGE|UPDATE|DELETE|INSERT)\b", re.IGNORECASE | re.DOTALL
)
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
"""Operation in the history -> column of the answer -> the metrics that it is the sum of."""


def operation(statement: str) -> str | None:
    r"""Name what a statement does to rows; None for any other statement.

    Examples
    --------
    >>> operation("-- those of this year\n delete FROM weather WHERE year = 2013")
    'DELETE'
    >>> operation("SELECT 1") is None
    True
    """
    told = _OPERATION.match(statement)
    return told["word"].upper() if told else None


def tell_inserted(session: LocalSparkSession, properties: dict[str, Any]) -> None:
    """Name the rows that INSERT wrote as Databricks does.

    Parameters
    ----------
    session : LocalSparkSession
    properties : dict
        What Spark's client got as the answer of the statement; it is changed.
    """
    with pa.ipc.open_stream(properties[_ANSWER].local_relation.data) as stream:
        (count,) = stream.read_all()["count"].to_pylist()
    _answer(session, properties, {"num_affected_rows": count, "num_inserted_rows": count})


def tell_rewritten(
    session: LocalSparkSession, properties: dict[str, Any], operation: str, before: LogSnapshot
) -> None:
    """Say what UPDATE, DELETE or MERGE changed.

    Parameters
    ----------
    session : LocalSparkSession
    properties : dict
        What Spark's client got as the answer of the statement; it is changed.
    operation : {'UPDATE', 'DELETE', 'MERGE'}
    before : LogSnapshot
        The table's log when the statement began. Whoever rewrites rows holds the table's lock, so that
        the commit of such an operation after it is this statement's.
    """
    version = commit_of(before, operation)
    info = {} if version is None else _commit_info(before.folder, version)
    metrics = info.get("operationMetrics") or {}
    counts = {
        column: sum(int(metrics.get(name, 0)) for name in names)
        for column, names in _METRICS[operation].items()
    }
    _answer(session, properties, counts)


def commit_of(before: LogSnapshot, operation: str) -> int | None:
    """Find the newest commit of an operation since a table was seen; None where it changed nothing."""
    for version in range(LogSnapshot.read(before.folder).version, before.version, -1):
        if _commit_info(before.folder, version).get("operation") == operation:
            return version
    return None


def _commit_info(folder: Path, version: int) -> dict[str, Any]:
    with (folder / "_delta_log" / f"{version:020}.json").open(encoding="utf-8") as lines:
        actions = (json.loads(line) for line in lines)
        return next((dict(a["commitInfo"]) for a in actions if "commitInfo" in a), {})


def _answer(session: LocalSparkSession, properties: dict[str, Any], counts: dict[str, int]) -> None:
    rows = pa.table({column: pa.array([count], pa.int64()) for column, count in counts.items()})
    properties[_ANSWER] = LocalRelation(rows).plan(session.client)
