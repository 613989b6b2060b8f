"""The start of the lab: its names, its tables, and what it ignores of the learner's environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakelab.runtime import LabError
from lakelab.start import LaptopProcess, prepare_lesson
from tests.fake_platform import FakePlatform

PROBE = """
import json, os, sys
from lakelab.start import start
names = start()
spark = names["spark"]
from databricks.sdk import WorkspaceClient
import databricks.feature_engineering
print(json.dumps({
    "names": sorted(names),
    "tables": sorted(row[1] for row in spark.sql("SHOW TABLES").collect()),
    "place": [names["CATALOG"], names["SCHEMA"]],
    "host": WorkspaceClient().config.host,
    "home": os.environ["LAKELAB_HOME"],
    "tracking": os.environ["MLFLOW_TRACKING_URI"],
    "client": databricks.feature_engineering.__name__,
    "mlflow imported": "mlflow" in sys.modules,
    "other store": [v for v in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID") if v in os.environ],
}))
"""


def start_in_a_process(home: Path, **environment: str) -> tuple[str, dict]:
    """Start the lab in a process of its own; return its line of output and the resulting state."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "MLFLOW_"))}
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        env={**clean, "LAKELAB_HOME": str(home), **environment},
    )
    line, names = run.stdout.splitlines()
    return line, json.loads(names)


def test_a_start_leaves_the_names_and_prepares_what_the_lesson_needs(tmp_path):
    line, state = start_in_a_process(tmp_path, LAKELAB_LESSON="07_write_feature_table")
    assert state["names"] == ["CATALOG", "SCHEMA", "dbutils", "display", "lab", "spark"]
    raw = ["flight_labels", "raw_airports", "raw_flights", "raw_planes", "raw_weather"]
    assert state["tables"] == raw
    assert state["place"] == ["main", "lakelab"]
    assert str(tmp_path) in line
    assert "lesson 07" in line
    assert not state["mlflow imported"], "it costs seconds that this lesson does not need"

    again, state = start_in_a_process(tmp_path, LAKELAB_LESSON="07_write_feature_table")
    assert (again, state["tables"]) == (line, raw)


def test_two_concurrent_starts_in_a_fresh_home_prepare_the_same_tables(tmp_path):
    with ThreadPoolExecutor() as both:
        lesson = {"LAKELAB_LESSON": "08_train_with_feature_table"}
        starts = [both.submit(start_in_a_process, tmp_path, **lesson) for _ in range(2)]
        tables = [start.result()[1]["tables"] for start in starts]
    assert tables[0] == tables[1]
    assert {"airport_weather", "airport_congestion", "planes"} < set(tables[0])


def test_the_learners_own_databricks_is_never_used(tmp_path):
    config = tmp_path / "databrickscfg"
    config.write_text("[DEFAULT]\nhost = https://work.cloud.databricks.com\ntoken = secret\n")
    line, state = start_in_a_process(
        tmp_path / "home",
        LAKELAB_LESSON="06_create_feature_table",
        DATABRICKS_HOST="https://work.cloud.databricks.com",
        DATABRICKS_TOKEN="secret",
        DATABRICKS_CONFIG_FILE=str(config),
        DATABRICKS_CONFIG_PROFILE="DEFAULT",
        MLFLOW_TRACKING_URI="databricks",
        MLFLOW_EXPERIMENT_ID="42",
        MLFLOW_RUN_ID="43",
    )
    assert state["host"].startswith("http://127.0.0.1:")
    assert state["tracking"].startswith("sqlite:")
    assert "DATABRICKS_HOST" in line
    assert "secret" not in line
    assert state["other store"] == []


def test_catalog_and_schema_can_be_given(tmp_path):
    _, state = start_in_a_process(
        tmp_path, LAKELAB_LESSON="06", LAKELAB_CATALOG="dev", LAKELAB_SCHEMA="mine"
    )
    assert state["place"] == ["dev", "mine"]


TWICE = """
import json
from lakelab.start import start
first = start()
first["lab"].hint("06.1")
first["lab"].hint("06.1")
second = start()
second["lab"].hint("06.1")
print(json.dumps([name for name in first if second[name] is not first[name]]))
"""


def test_a_second_start_in_a_process_reuses_the_services_and_remembers_the_hints(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", TWICE],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "LAKELAB_HOME": str(tmp_path),
            "LAKELAB_LESSON": "06_create_feature_table",
        },
    )
    *lines, replaced = run.stdout.splitlines()
    assert json.loads(replaced) == []
    assert [line.partition(" of ")[0] for line in lines if "hint" in line] == [
        "06.1, hint 1",
        "06.1, hint 2",
        "06.1, hint 3",
    ]
    assert lines[0] == next(line for line in lines[1:] if line.startswith("lakelab on"))


class TestLaptopProcess:
    """The services of a process start once."""

    @pytest.fixture(autouse=True)
    def _lesson(self, monkeypatch):
        monkeypatch.setenv("LAKELAB_LESSON", "06_create_feature_table")

    def test_a_second_start_changes_the_lesson_only(self, monkeypatch):
        platform = FakePlatform(None)
        monkeypatch.setattr("lakelab.platforms.laptop.Laptop.start", lambda lesson: platform)
        process = LaptopProcess()
        first, lab = process.start()
        assert first is platform
        assert lab.lesson.number == "06"
        monkeypatch.setenv("LAKELAB_LESSON", "07_write_feature_table")
        assert process.start() == (platform, lab)
        assert lab.lesson.number == "07"

    def test_after_a_failed_start_the_next_one_tries_again(self, monkeypatch):
        def fail(lesson):
            raise LabError("the disk is full")

        process = LaptopProcess()
        monkeypatch.setattr("lakelab.platforms.laptop.Laptop.start", fail)
        with pytest.raises(LabError, match="disk is full"):
            process.start()
        assert process.platform is None
        monkeypatch.setattr(
            "lakelab.platforms.laptop.Laptop.start", lambda lesson: FakePlatform(None)
        )
        assert process.start()[1].lesson.number == "06"


def test_the_needs_of_a_lesson_are_prepared_in_order_after_the_platform_is_ready(monkeypatch):
    from lakelab.lessons import find_lesson, prepare

    calls: list[str] = []

    class Recording(FakePlatform):
        def before_preparing(self, need: str) -> None:
            calls.append(f"before {need}")

    needs = {name: lambda target, name=name: calls.append(name) for name in prepare.NEEDS}
    monkeypatch.setattr(prepare, "NEEDS", needs)
    lesson = find_lesson("13")
    prepare_lesson(Recording(None), lesson)
    assert calls == [call for need in lesson.needs for call in (f"before {need}", need)]
    calls.clear()
    prepare_lesson(Recording(None), None)
    assert [call for call in calls if not call.startswith("before")] == list(needs)
