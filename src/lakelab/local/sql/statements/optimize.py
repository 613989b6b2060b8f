"""``OPTIMIZE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-optimize
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyspark.errors import ParseException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.grammar.maintenance import Optimize
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_FILES = "struct<min:bigint,max:bigint,avg:double,totalFiles:bigint,totalSize:bigint>"
_METRICS = (
    f"struct<numFilesAdded:bigint,numFilesRemoved:bigint,filesAdded:{_FILES},filesRemoved:{_FILES},"
    "partitionsOptimized:bigint,totalConsideredFiles:bigint,totalFilesSkipped:bigint>"
)


def _optimize(session: Session, node: Optimize) -> DataFrame:
    if node.args["where"]:
        raise ParseException(
            message="The local engine knows OPTIMIZE <table> [ZORDER BY (<columns>)], without WHERE: "
            "a part of a table is optimized on Databricks only."
        )
    table = session.unity.table(session.resolve(node.target))
    metrics = table.optimize(_zorder_columns(table, node.args["columns"]))
    row = (str(table.path), _metrics_row(metrics))
    return session.createDataFrame([row], f"path string, metrics {_METRICS}")


def _zorder_columns(table: UnityTable, columns: list[str]) -> list[str]:
    """Return the columns of ``ZORDER BY`` in the table's case, after a check that rows can be sorted by them."""
    if columns and table.clustering:
        raise UnityCatalogError(
            f"OPTIMIZE command for Delta table with clustering doesn't support ZORDER BY. Please remove "
            f"ZORDER BY ({', '.join(columns)}).",
            condition=conditions.DELTA_CLUSTERING_WITH_ZORDER_BY,
        )
    existing = {field["name"].lower(): field["name"] for field in table.fields}
    partitions = table.delta.metadata().partition_columns
    for column in columns:
        if column.lower() not in existing:
            raise NotFoundError(
                f"OPTIMIZE {table.name} ZORDER BY names the column '{column}', which the table does "
                f"not have. It has: {', '.join(existing.values())}.",
                condition=conditions.DELTA_ZORDERING_COLUMN_DOES_NOT_EXIST,
            )
        if existing[column.lower()] in partitions:
            raise UnityCatalogError(
                f"{column} is a partition column of {table.name}. Z-Ordering can only be performed "
                f"on data columns.",
                condition=conditions.DELTA_ZORDERING_ON_PARTITION_COLUMN,
            )
    return [existing[column.lower()] for column in columns]


def _metrics_row(metrics: dict[str, Any]) -> tuple[Any, ...]:
    return (
        metrics["numFilesAdded"],
        metrics["numFilesRemoved"],
        _files_row(metrics["filesAdded"]),
        _files_row(metrics["filesRemoved"]),
        metrics["partitionsOptimized"],
        metrics["totalConsideredFiles"],
        metrics["totalFilesSkipped"],
    )


def _files_row(metrics: Any) -> tuple[Any, ...] | None:
    files = (
        json.loads(metrics) if isinstance(metrics, str) else metrics
    )  # delta-rs returns JSON text
    if not files["totalFiles"]:
        return None
    return (
        int(files["min"]),
        int(files["max"]),
        float(files["avg"]),
        files["totalFiles"],
        files["totalSize"],
    )


HANDLERS: Handlers = {Optimize: _optimize}
