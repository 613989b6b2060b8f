"""``OPTIMIZE``, ``VACUUM``, ``RESTORE``, ``TRUNCATE``, ``REFRESH``: what is done to the files of a table.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-optimize,
https://docs.databricks.com/aws/en/sql/language-manual/delta-vacuum and
https://docs.databricks.com/aws/en/sql/language-manual/delta-restore
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from pyspark.errors import IllegalArgumentException, ParseException

from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, statement_pattern, unquote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_FILES = "struct<min:bigint,max:bigint,avg:double,totalFiles:bigint,totalSize:bigint>"
_METRICS = (
    f"struct<numFilesAdded:bigint,numFilesRemoved:bigint,filesAdded:{_FILES},filesRemoved:{_FILES},"
    "partitionsOptimized:bigint,totalConsideredFiles:bigint,totalFilesSkipped:bigint>"
)
_RETENTION_CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
_WEEK = 168.0
_UNITS = {"week": 168.0, "day": 24.0, "hour": 1.0, "minute": 1 / 60, "second": 1 / 3600}
_MOST_FILES_SHOWN = 1000


# ---- OPTIMIZE ------------------------------------------------------------------------------------------
def _optimize(session: Session, told: re.Match[str]) -> DataFrame:
    if told["where"]:
        raise ParseException(
            message="The local engine knows OPTIMIZE <table> [ZORDER BY (<columns>)], without WHERE: "
            "a part of a table is optimized on Databricks only."
        )
    table = session.unity.table(session.resolve(told["name"]))
    columns = [unquote(name) for name in re.findall(NAME, told["zorder"] or "")]
    if columns and table.clustering:
        raise UnityCatalogError(
            f"OPTIMIZE command for Delta table with clustering doesn't support ZORDER BY. Please remove "
            f"ZORDER BY ({', '.join(columns)}).",
            condition="DELTA_CLUSTERING_WITH_ZORDER_BY",
            sql_state="42613",
        )
    there = {field["name"].lower(): field["name"] for field in table.fields}
    partitions = table.delta.metadata().partition_columns
    for column in columns:
        if column.lower() not in there:
            raise NotFoundError(
                f"OPTIMIZE {table.name} ZORDER BY names the column '{column}', which the table does "
                f"not have. It has: {', '.join(there.values())}.",
                condition="DELTA_ZORDERING_COLUMN_DOES_NOT_EXIST",
                sql_state="42703",
            )
        if there[column.lower()] in partitions:
            raise UnityCatalogError(
                f"{column} is a partition column of {table.name}. Z-Ordering can only be performed "
                f"on data columns.",
                condition="DELTA_ZORDERING_ON_PARTITION_COLUMN",
                sql_state="42P10",
            )
    told_by_delta = table.optimize([there[column.lower()] for column in columns])
    row = (str(table.path), _metrics(told_by_delta))
    return session.createDataFrame([row], f"path string, metrics {_METRICS}")


def _metrics(told: dict[str, Any]) -> tuple[Any, ...]:
    return (
        told["numFilesAdded"],
        told["numFilesRemoved"],
        _files(told["filesAdded"]),
        _files(told["filesRemoved"]),
        told["partitionsOptimized"],
        told["totalConsideredFiles"],
        told["totalFilesSkipped"],
    )


def _files(given: Any) -> tuple[Any, ...] | None:
    told = json.loads(given) if isinstance(given, str) else given  # delta-rs gives JSON text
    if not told["totalFiles"]:
        return None
    return (
        int(told["min"]),
        int(told["max"]),
        float(told["avg"]),
        told["totalFiles"],
        told["totalSize"],
    )


# ---- VACUUM --------------------------------------------------------------------------------------------
def _vacuum(session: Session, told: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(told["name"]))
    least = _retention(table)
    hours = float(told["hours"]) if told["hours"] else least
    checked = session.conf.get(_RETENTION_CHECK, "true") or "true"
    if hours < least and checked.lower() != "false":
        raise IllegalArgumentException(
            message="requirement failed: Are you sure you would like to vacuum files with such a low "
            "retention period? If you have writers that are currently writing to this table, there is a "
            "risk that you may corrupt the state of your Delta table.\n\nIf you are certain that there "
            "are no operations being performed on this table, such as insert/upsert/delete/optimize, "
            f"then you may turn off this check by setting: {_RETENTION_CHECK} = false\n\nIf you are not "
            f'sure, please use a value not less than "{least:g} hours".'
        )
    if hours != int(hours):
        raise UnityCatalogError(
            f"RETAIN {told['hours']} HOURS: the local engine vacuums by whole hours only."
        )
    dry_run = bool(told["dry"])
    found = table.vacuum(hours, dry_run=dry_run, full=not told["lite"])
    paths = [str(table.path / file) for file in found[:_MOST_FILES_SHOWN]]
    rows = [(path,) for path in (paths if dry_run else [str(table.path)])]
    return session.createDataFrame(rows, "path string")


def _retention(table: UnityTable) -> float:
    """Give the hours that a table keeps its old files for: a week, or as a property of it says."""
    told = table.properties.get("delta.deletedFileRetentionDuration", "")
    found = re.fullmatch(
        r"(?:interval\s+)?(\d+)\s+(week|day|hour|minute|second)s?", told.strip(), re.IGNORECASE
    )
    return int(found[1]) * _UNITS[found[2].lower()] if found else _WEEK


# ---- RESTORE -------------------------------------------------------------------------------------------
def _restore(session: Session, told: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(told["name"]))
    version = (
        _version_at(session, table, told["timestamp"])
        if told["timestamp"]
        else _known_version(table, int(told["version"]))
    )
    before, then = _sizes(table.delta), _sizes(DeltaTable(table.path, version=version))
    gone = [file for file in then if file not in before and not (table.path / file).exists()]
    if gone:
        raise UnityCatalogError(
            f"Table '{table.name}' cannot be restored to version {version}: {len(gone)} of its files "
            f"are gone, removed by VACUUM for example. The first is {gone[0]}.",
            condition="DELTA_FILE_NOT_FOUND_DETAILED",
            sql_state="42K03",
        )
    try:
        table.restore(version)
    except CommitFailedError:
        raise
    except DeltaError as error:
        raise UnityCatalogError(
            f"Table '{table.name}' cannot be restored to version {version}: {error}"
        ) from error
    refresh_schema(session, table.name)
    removed = [size for file, size in before.items() if file not in then]
    restored = [size for file, size in then.items() if file not in before]
    row = (
        sum(then.values()),
        len(then),
        len(removed),
        len(restored),
        sum(removed),
        sum(restored),
    )
    return session.createDataFrame(
        [row],
        "table_size_after_restore bigint, num_of_files_after_restore bigint, "
        "num_removed_files bigint, num_restored_files bigint, "
        "removed_files_size bigint, restored_files_size bigint",
    )


def _sizes(delta: DeltaTable) -> dict[str, int]:
    files = pa.table(delta.get_add_actions(flatten=True))
    return dict(
        zip(files.column("path").to_pylist(), files.column("size_bytes").to_pylist(), strict=True)
    )


def _known_version(table: UnityTable, version: int) -> int:
    there = [commit["version"] for commit in table.delta.history()]
    if version not in there:
        raise UnityCatalogError(
            f"Cannot restore table to version {version}. Available versions: "
            f"[{min(there)}, {max(there)}].",
            condition="DELTA_CANNOT_RESTORE_TABLE_VERSION",
            sql_state="22003",
        )
    return version


def _version_at(session: Session, table: UnityTable, expression: str) -> int:
    """Find the version that was the newest at a time."""
    asked = session.engine_sql(f"SELECT CAST({expression} AS TIMESTAMP)").collect()[0][0]
    if asked is None:
        raise UnityCatalogError(
            f"{expression} is no timestamp: write for example '2013-01-31 10:00:00'.",
            condition="DELTA_INVALID_TIMESTAMP_FORMAT",
            sql_state="22007",
        )
    history = sorted((c["timestamp"], c["version"]) for c in table.delta.history())
    milliseconds = asked.replace(tzinfo=UTC).timestamp() * 1000
    first, last = (datetime.fromtimestamp(h[0] / 1000, UTC) for h in (history[0], history[-1]))
    if milliseconds < history[0][0]:
        raise UnityCatalogError(
            f"Cannot restore table to timestamp ({asked}) as it is before the earliest version "
            f"available. Please use a timestamp after ({first:%F %T.%f}).",
            condition="DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER",
            sql_state="22003",
        )
    if milliseconds > history[-1][0]:
        raise UnityCatalogError(
            f"Cannot restore table to timestamp ({asked}) as it is after the latest version "
            f"available. Please use a timestamp before ({last:%F %T.%f}).",
            condition="DELTA_CANNOT_RESTORE_TIMESTAMP_GREATER",
            sql_state="22003",
        )
    return max(version for when, version in history if when <= milliseconds)


# ---- TRUNCATE, REFRESH ---------------------------------------------------------------------------------
def _truncate(session: Session, told: re.Match[str]) -> None:
    name = session.resolve(told["name"])
    session.unity.require_table(name)
    session.engine_sql(f"DELETE FROM {name.quoted}")


def _refresh(session: Session, told: re.Match[str]) -> None:
    session.unity.table(session.resolve(told["name"]))  # it is there; nothing of it is cached


STATEMENTS = [
    (statement_pattern(rf"TRUNCATE TABLE {QUALIFIED_NAME}"), _truncate),
    (statement_pattern(rf"REFRESH(?: TABLE)? {QUALIFIED_NAME}"), _refresh),
    (
        statement_pattern(
            rf"OPTIMIZE {QUALIFIED_NAME}(?: FULL)?(?P<where> WHERE .*?)?(?: ZORDER BY\s*\((?P<zorder>.*)\))?"
        ),
        _optimize,
    ),
    (
        statement_pattern(
            rf"VACUUM {QUALIFIED_NAME}(?: (?:FULL|(?P<lite>LITE)))?(?: RETAIN (?P<hours>\d+(?:\.\d+)?) HOURS)?"
            r"(?P<dry> DRY RUN)?"
        ),
        _vacuum,
    ),
    (
        statement_pattern(
            rf"RESTORE(?: TABLE)? {QUALIFIED_NAME}(?: TO)? (?:VERSION AS OF (?P<version>\d+)|"
            r"TIMESTAMP AS OF (?P<timestamp>.+?))"
        ),
        _restore,
    ),
]
