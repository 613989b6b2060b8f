"""SIGKILL at each step of a write: commits are kept, no write is partial, and the next start has no warnings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pytest
import requests

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home
from lakelab.local.workspace import start_workspace

from .processes import HERE, PATIENCE_SECONDS, environment

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9")

REWRITES = {
    "rows": [("a", 1), ("b", 2), ("b", 3), ("c", 3)],
    "partitions": [("a", 1), ("b", 9)],
    "columns": [("new",)],
    "clone": [(1, 1.0), (2, 2.0)],
    "new_clone": [(1, 1.0), (2, 2.0)],
}
"""The rows after each statement that rewrites or clones a table."""

TASKS = ("create_table", "create_by_sql", "write_table", "log_model", *REWRITES)

# the first cell of a notebook; lesson 01 needs no prepared tables
START = "from lakelab.start import start; start()['spark'].sql('SHOW SCHEMAS').collect()"


@pytest.fixture(scope="module")
def killed(spark: LocalSparkSession, home: Home) -> Iterator[dict[str, list[str]]]:
    """The steps at which each task was killed; the tasks run side by side."""
    spark.sql("CREATE SCHEMA main.killed")
    spark.sql("CREATE TABLE main.killed.features (k BIGINT NOT NULL PRIMARY KEY, x DOUBLE)")
    spark.sql("INSERT INTO main.killed.features VALUES (1, 1.0), (2, 2.0)")

    def kill(task: str) -> list[str]:
        run = subprocess.run(
            [sys.executable, str(HERE / "killed_in_the_middle.py"), str(home.root), task],
            # on the engine of this process: the start of another one takes seconds each time
            env=environment(SPARK_REMOTE=spark.engine.address),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    try:
        with ThreadPoolExecutor() as pool:
            yield dict(zip(TASKS, pool.map(kill, TASKS), strict=True))
    finally:
        spark.sql("DROP SCHEMA main.killed CASCADE")


@pytest.fixture(scope="module")
def next_start(killed: dict[str, list[str]], home: Home) -> subprocess.CompletedProcess[str]:
    """The output of the next notebook at its start."""
    return subprocess.run(
        [sys.executable, "-c", START],
        env=environment(LAKELAB_HOME=str(home.root), LAKELAB_LESSON="01_mlops_best_practices"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_create_table_creates_the_whole_table_or_none(
    killed: dict[str, list[str]], spark: LocalSparkSession
) -> None:
    steps = killed["create_table"]
    assert steps[-1].startswith("os.rename .staging-")
    assert len(steps) == 6
    (created,) = [t for t in spark.unity.tables("main", "killed") if t.table.startswith("made_")]
    assert created.table == "made_0"  # of the run that was not killed
    assert spark.table(str(created)).count() == 2


def test_create_table_as_select_creates_the_whole_table_or_none(
    killed: dict[str, list[str]], spark: LocalSparkSession
) -> None:
    steps = killed["create_by_sql"]
    named = next(i for i, step in enumerate(steps) if step.startswith("os.rename .staging-"))
    assert 0 < named < len(steps) - 1  # killed before and after the table had its name
    for number in range(len(steps) + 1):
        name = f"main.killed.sql_{number}"
        if number == 0 or number > named + 1:
            assert spark.table(name).count() == 2
        assert spark.unity.exists(spark.resolve(name)) == (number == 0 or number > named + 1)


def test_write_table_commits_all_rows_or_none_and_loses_none(
    killed: dict[str, list[str]], spark: LocalSparkSession
) -> None:
    old, new = [(1, "old"), (2, "old")], [(1, "old"), (2, "new"), (3, "new")]
    committed = [step.startswith("os.remove") for step in killed["write_table"]]
    assert committed == [False, False, False, False, True]
    for number, done in enumerate([True, *committed]):
        name = f"main.killed.written_{number}"
        assert sorted(map(tuple, spark.table(name).collect())) == (new if done else old)
        # the killed process does not block the next writer
        spark.sql(
            f"MERGE INTO {name} t USING (SELECT 3L k) s ON t.k = s.k WHEN MATCHED THEN DELETE"
        )
        assert (3,) not in [tuple(row) for row in spark.table(name).select("k").collect()]


@pytest.mark.parametrize("way", REWRITES)
def test_a_statement_replaces_all_or_nothing(
    killed: dict[str, list[str]], spark: LocalSparkSession, way: str
) -> None:
    old, new = [("a", 1), ("b", 2), ("b", 3)], REWRITES[way]
    steps = killed[way]
    states = []
    for number in range(len(steps) + 1):
        name = f"main.killed.{way}_{number}"
        if way == "new_clone" and not spark.unity.exists(spark.resolve(name)):
            states.append("old")
            spark.sql(f"CREATE TABLE {name} DEEP CLONE main.killed.features")
            continue
        rows = sorted(map(tuple, spark.table(name).collect()))
        assert rows in (old, new)
        states.append("new" if rows == new else "old")
        # the killed process does not block the next writer, and leaves nothing that it reads
        spark.sql(f"DELETE FROM {name}")
        spark.sql(f"INSERT INTO {name} SELECT * FROM {name}")
        assert spark.table(name).count() == 0
    # the run that was not killed; then those killed before the commit, and those after it
    assert states[0] == "new"
    assert "old" in states
    assert states[1:] == sorted(states[1:], reverse=True)


def test_log_model_makes_a_version_ready_with_all_its_files_or_not_at_all(
    killed: dict[str, list[str]], home: Home, next_start: subprocess.CompletedProcess[str]
) -> None:
    kinds = [step.partition(" ")[0] for step in killed["log_model"]]
    assert kinds == ["open", "os.rename", "commit"]
    # two runs were not killed; the others were killed before, during and after the registration
    expected = ["READY", "READY", "PENDING_REGISTRATION", "READY"]
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
        answer = requests.get(
            f"{workspace.url}/api/2.1/unity-catalog/models/main.killed.model/versions",
            headers={"Authorization": f"Bearer {workspace.token}"},
            timeout=60,
        )
        versions = sorted(answer.json()["model_versions"], key=lambda v: v["version"])
        assert [version["status"] for version in versions] == expected
        for version in versions:
            files = requests.get(
                f"{workspace.url}/api/2.0/mlflow/unity-catalog/model-versions/get-download-uri",
                params={"name": "main.killed.model", "version": version["version"]},
                headers={"Authorization": f"Bearer {workspace.token}"},
                timeout=60,
            )
            folder = Path(files.json()["artifact_uri"])
            if version["status"] == "READY":
                assert mlflow.pyfunc.load_model(str(folder)) is not None


def test_the_next_start_has_no_warnings_and_removes_unfinished_files(
    next_start: subprocess.CompletedProcess[str], home: Home
) -> None:
    assert (next_start.returncode, next_start.stderr) == (0, "")
    (line,) = next_start.stdout.splitlines()
    assert line.startswith("lakelab on this machine, lesson 01")
    left = [
        *home.warehouse.glob("**/.staging-*"),
        *home.warehouse.glob("**/.trash-*"),
        *home.warehouse.glob("**/_delta_log/.*.tmp"),
        *home.workspace_state.glob("**/.uploads/*"),
        *home.workspace_state.glob("**/.trash-*"),
        *home.root.glob(".write-*"),
    ]
    assert left == []
    scratch = {folder.name.partition("-")[0] for folder in (home.root / "scratch").iterdir()}
    assert scratch <= {str(os.getpid())}
