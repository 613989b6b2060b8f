"""``RESTORE TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-restore
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.versions import Versions
from lakelab.local.sql.grammar.maintenance import Restore
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import refresh_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_COLUMNS = (
    "table_size_after_restore bigint, num_of_files_after_restore bigint, "
    "num_removed_files bigint, num_restored_files bigint, "
    "removed_files_size bigint, restored_files_size bigint"
)


def _restore(session: Session, node: Restore) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    version = (
        _version_at(session, table, node.args["timestamp"])
        if node.args.get("timestamp")
        else _existing_version(table, int(node.args["version"].name))
    )
    Versions(table.delta, str(table.name)).require_retained(version)
    before = _file_sizes(table.delta)
    after = _file_sizes(DeltaTable(table.path, version=version))
    _check_files(table, version, [file for file in after if file not in before])
    try:
        table.restore(version)
    except CommitFailedError:
        raise
    except DeltaError as error:
        raise UnityCatalogError(
            f"Table '{table.name}' cannot be restored to version {version}: {error}"
        ) from error
    refresh_schema(session, table.name)
    removed = [size for file, size in before.items() if file not in after]
    restored = [size for file, size in after.items() if file not in before]
    row = (
        sum(after.values()),
        len(after),
        len(removed),
        len(restored),
        sum(removed),
        sum(restored),
    )
    return session.createDataFrame([row], _COLUMNS)


def _file_sizes(delta: DeltaTable) -> dict[str, int]:
    files = pa.table(delta.get_add_actions(flatten=True))
    return dict(
        zip(files.column("path").to_pylist(), files.column("size_bytes").to_pylist(), strict=True)
    )


def _check_files(table: UnityTable, version: int, files: list[str]) -> None:
    missing = [file for file in files if not (table.path / file).exists()]
    if missing:
        raise UnityCatalogError(
            f"Table '{table.name}' cannot be restored to version {version}: {len(missing)} of its files "
            f"are gone, removed by VACUUM for example. The first is {missing[0]}.",
            condition=conditions.DELTA_FILE_NOT_FOUND_DETAILED,
        )


def _existing_version(table: UnityTable, version: int) -> int:
    existing = [commit["version"] for commit in table.delta.history()]
    if version not in existing:
        raise UnityCatalogError(
            f"Cannot restore table to version {version}. Available versions: "
            f"[{min(existing)}, {max(existing)}].",
            condition=conditions.DELTA_CANNOT_RESTORE_TABLE_VERSION,
        )
    return version


def _version_at(session: Session, table: UnityTable, expression: str) -> int:
    """Return the version that was the newest at a time."""
    time = session.engine_sql(f"SELECT CAST({expression} AS TIMESTAMP)").collect()[0][0]
    if time is None:
        raise UnityCatalogError(
            f"{expression} is no timestamp: write for example '2013-01-31 10:00:00'.",
            condition=conditions.DELTA_INVALID_TIMESTAMP_FORMAT,
        )
    history: list[tuple[int, int]] = sorted(
        (commit["timestamp"], commit["version"]) for commit in table.delta.history()
    )
    milliseconds = time.replace(tzinfo=UTC).timestamp() * 1000
    first, last = (datetime.fromtimestamp(h[0] / 1000, UTC) for h in (history[0], history[-1]))
    if milliseconds < history[0][0]:
        raise UnityCatalogError(
            f"Cannot restore table to timestamp ({time}) as it is before the earliest version "
            f"available. Please use a timestamp after ({first:%F %T.%f}).",
            condition=conditions.DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER,
        )
    if milliseconds > history[-1][0]:
        raise UnityCatalogError(
            f"Cannot restore table to timestamp ({time}) as it is after the latest version "
            f"available. Please use a timestamp before ({last:%F %T.%f}).",
            condition=conditions.DELTA_CANNOT_RESTORE_TIMESTAMP_GREATER,
        )
    return max(version for timestamp, version in history if timestamp <= milliseconds)


HANDLERS: Handlers = {Restore: _restore}
