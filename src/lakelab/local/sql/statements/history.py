"""``DESCRIBE HISTORY`` and ``DESCRIBE DETAIL`` of a Delta table.

The columns are those that Databricks documents. A value that a laptop does not have, such as the job, is
null.

Follows https://docs.databricks.com/aws/en/delta/history and
https://docs.databricks.com/aws/en/delta/table-details
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakelab.local.sql.grammar.metadata import DescribeDetail, DescribeHistory
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_HISTORY = (
    "version bigint, timestamp timestamp, userId string, userName string, operation string, "
    "operationParameters map<string,string>, "
    "job struct<jobId:string,jobName:string,jobRunId:string,runId:string,jobOwnerId:string,"
    "triggerType:string>, notebook struct<notebookId:string>, clusterId string, readVersion bigint, "
    "isolationLevel string, isBlindAppend boolean, operationMetrics map<string,string>, "
    "userMetadata string, engineInfo string"
)
_DETAIL = (
    "format string, id string, name string, description string, location string, "
    "createdAt timestamp, lastModified timestamp, partitionColumns array<string>, "
    "clusteringColumns array<string>, numFiles bigint, sizeInBytes bigint, "
    "properties map<string,string>, minReaderVersion int, minWriterVersion int, "
    "tableFeatures array<string>"
)
_HIDDEN_PARAMETERS = ("metadata", "protocol", "location")
"""Parameters of the engine's CREATE TABLE: the whole schema, and the folder before the table has its name."""


def _history(session: Session, node: DescribeHistory) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    limit = int(node.args["limit"].name) if node.args["limit"] else None
    rows = [_commit_row(commit) for commit in table.delta.history(limit)]
    return session.createDataFrame(rows, _HISTORY)


def _commit_row(commit: dict[str, Any]) -> tuple[Any, ...]:
    parameters = commit.get("operationParameters") or {}
    blind_append = commit.get("isBlindAppend")
    return (
        int(commit["version"]),
        datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        commit.get("userId"),
        commit.get("userName"),
        str(commit.get("operation", "")),
        {k: str(v) for k, v in parameters.items() if k not in _HIDDEN_PARAMETERS},
        None,  # no job,
        None,  # no notebook
        None,  # and no cluster
        commit.get("readVersion"),
        commit.get("isolationLevel"),
        None if blind_append is None else bool(blind_append),
        {k: str(v) for k, v in (commit.get("operationMetrics") or {}).items()},
        commit.get("userMetadata"),
        commit.get("engineInfo"),
    )


def _detail(session: Session, node: DescribeDetail) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    files = pa.table(table.delta.get_add_actions(flatten=True))
    sizes = files.column("size_bytes").to_pylist()
    metadata, protocol = table.delta.metadata(), table.delta.protocol()
    features = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    row: tuple[Any, ...] = (
        "delta",
        str(metadata.id),
        str(table.name),
        table.comment,
        str(table.path),
        datetime.fromtimestamp((metadata.created_time or 0) / 1000, UTC),
        datetime.fromtimestamp(table.delta.history(1)[0]["timestamp"] / 1000, UTC),
        list(metadata.partition_columns),
        table.clustering,
        len(sizes),
        sum(sizes),
        table.properties,
        protocol.min_reader_version,
        protocol.min_writer_version,
        sorted(features),
    )
    return session.createDataFrame([row], _DETAIL)


HANDLERS: Handlers = {DescribeDetail: _detail, DescribeHistory: _history}
