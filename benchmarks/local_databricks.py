"""A local Databricks for the benchmarks: engine, workspace and MLflow store in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog

if TYPE_CHECKING:
    from lakelab.local.spark.session import LocalSparkSession


@contextmanager
def local_databricks(folder: Path) -> Iterator[LocalSparkSession]:
    """Start the engine and the workspace of a lesson; yield the Spark session."""
    from lakelab.local.notebook.client_env import point_clients_at
    from lakelab.local.spark.session import start_spark
    from lakelab.local.system.home import Home
    from lakelab.local.workspace import start_workspace

    home = Home(folder).prepare()
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
        point_clients_at(workspace, home)
        spark = start_spark(home)
        yield spark
        spark.stop()


def create_table(
    unity: UnityCatalog,
    schema: str,
    table: str,
    data: pa.Table,
    keys: list[str],
    time: str | None = None,
    commits: int = 1,
) -> None:
    """Write a feature table ``main.<schema>.<table>`` in a number of commits, each with its own files."""
    fields: list[Any] = [field.with_nullable(field.name not in keys) for field in data.schema]
    data = data.cast(pa.schema(fields))
    name = TableName("main", schema, table)
    step = len(data) // commits
    with unity.staged(name) as staging:
        for commit in range(commits):
            write_deltalake(staging, data.slice(commit * step, step), mode="append")
    unity.table(name).set_primary_key(PrimaryKey(f"{table}_pk", tuple(keys), time))


def open_delta(home: Path, schema: str, table: str) -> DeltaTable:
    """Open ``main.<schema>.<table>`` of a home with delta-rs."""
    return DeltaTable(UnityCatalog(home / "warehouse").path(TableName("main", schema, table)))
