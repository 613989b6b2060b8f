"""Fixtures of all tests: one local engine, and a fresh schema for each test."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from pyspark.errors import PySparkException

# No test may send requests to the internet, or wait for a server that does not answer.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ.pop("MLFLOW_TRACKING_URI", None)
os.environ.pop("SPARK_REMOTE", None)
os.environ.pop("LAKELAB_HOME", None)

from lakelab.local.spark.session import LocalSparkSession, start_spark
from lakelab.local.sql.session_variables import SessionVariables
from lakelab.local.system.home import Home


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables that tests have recorded, as a property whose name begins with `table: `.

    The tests cannot print them: with several processes, another process than theirs reports.
    """
    for report in [r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)]:
        for name, value in getattr(report, "user_properties", []):
            if name.startswith("table: "):
                terminalreporter.section(name.removeprefix("table: "))
                terminalreporter.write_line(str(value))


STARTED: list[LocalSparkSession] = []
"""The session of this process, once a test has asked for it."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A folder for the local state of all tests in one run."""
    return Home(tmp_path_factory.mktemp("home")).prepare()


@pytest.fixture(scope="session")
def spark(home: Home) -> LocalSparkSession:
    """The local engine. A process has one, which the feature engineering client finds."""
    session = start_spark(home)
    STARTED.append(session)
    return session


@pytest.fixture
def schema(spark: LocalSparkSession) -> Iterator[str]:
    """A fresh schema in `main`, which is the current schema; yields its two-level name."""
    name = f"main.t_{uuid.uuid4().hex[:8]}"
    spark.sql(f"CREATE SCHEMA {name}")
    spark.sql(f"USE {name}")
    yield name
    spark.sql("USE main.default")
    spark.sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture(scope="module", autouse=True)
def _no_temporary_objects() -> Iterator[None]:
    """Drop what a module's tests leave in the session of this process, which other modules share."""
    yield
    if not STARTED:
        return
    session = STARTED[0]
    # what cannot be dropped stays: this is no test
    with suppress(PySparkException):
        for view in session.temporary_views():
            session.catalog.dropTempView(view)
    with suppress(PySparkException):
        for view in session.sql("SHOW VIEWS IN global_temp").collect():
            session.catalog.dropGlobalTempView(view["viewName"])
    session.temporary_functions.clear()
    session.variables = SessionVariables()


@pytest.fixture(autouse=True)
def _no_active_experiment() -> Iterator[None]:
    """Reset the active experiment after each test: MLflow keeps it per process, not per store."""
    yield
    if fluent := sys.modules.get("mlflow.tracking.fluent"):
        fluent._active_experiment_id = None  # noqa: SLF001 - MLflow has no public way to reset it
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


@pytest.fixture
def experiment(home: Home) -> Iterator[str]:
    """A fresh MLflow experiment in the home's sqlite store; its registry keeps the models."""
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(home.mlflow_uri)
    mlflow.set_registry_uri(home.mlflow_uri)
    name = uuid.uuid4().hex
    mlflow.create_experiment(name, artifact_location=str(home.artifacts / name))
    mlflow.set_experiment(name)
    yield name
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])
