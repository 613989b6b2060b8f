"""A local Databricks for what is measured: engine, workspace and MLflow store in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakelab.local.spark import LocalSparkSession


@contextmanager
def place(folder: Path) -> Iterator[LocalSparkSession]:
    """Start all that a lesson works with; give the Spark session."""
    from lakelab.local.databricks_env import point_clients_at
    from lakelab.local.home import Home
    from lakelab.local.spark import start_spark
    from lakelab.local.unity_catalog import UnityCatalog
    from lakelab.local.workspace import start_workspace

    home = Home(folder).prepare()
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
        point_clients_at(workspace, home)
        spark = start_spark(home)
        yield spark
        spark.stop()
