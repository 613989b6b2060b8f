"""The lab decides where it is, and leaves alone what is the learner's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakelab import lab, runtime
from lakelab.local.notebook import mlflow_ui
from lakelab.local.system.home import Home
from lakelab.runtime import LabError

PROBE = """
import json, os, sys
from lakelab.lab import start
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
    """Start the lab as a notebook does, in a process of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "MLFLOW_"))}
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        env={**clean, "LAKELAB_HOME": str(home), **environment},
    )
    line, told = run.stdout.splitlines()
    return line, json.loads(told)


def test_a_start_leaves_the_names_and_prepares_what_the_lesson_needs(tmp_path):
    line, told = start_in_a_process(tmp_path, LAKELAB_LESSON="07_write_feature_table")
    assert told["names"] == ["CATALOG", "SCHEMA", "dbutils", "display", "lab", "spark"]
    raw = ["flight_labels", "raw_airports", "raw_flights", "raw_planes", "raw_weather"]
    assert told["tables"] == raw
    assert told["place"] == ["main", "lakelab"]
    assert str(tmp_path) in line
    assert "lesson 07" in line
    assert not told["mlflow imported"], "it costs seconds that this lesson does not need"

    again, told = start_in_a_process(tmp_path, LAKELAB_LESSON="07_write_feature_table")
    assert (again, told["tables"]) == (line, raw)


def test_two_notebooks_that_start_at_once_in_a_fresh_home_find_the_same(tmp_path):
    with ThreadPoolExecutor() as both:
        lesson = {"LAKELAB_LESSON": "08_train_with_feature_table"}
        starts = [both.submit(start_in_a_process, tmp_path, **lesson) for _ in range(2)]
        told = [start.result()[1]["tables"] for start in starts]
    assert told[0] == told[1]
    assert {"airport_weather", "airport_congestion", "planes"} < set(told[0])


def test_the_learners_own_databricks_is_never_used(tmp_path):
    config = tmp_path / "databrickscfg"
    config.write_text("[DEFAULT]\nhost = https://work.cloud.databricks.com\ntoken = secret\n")
    line, told = start_in_a_process(
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
    assert told["host"].startswith("http://127.0.0.1:")
    assert told["tracking"].startswith("sqlite:")
    assert "DATABRICKS_HOST" in line
    assert "secret" not in line
    assert told["other store"] == []


def test_catalog_and_schema_can_be_given(tmp_path):
    _, told = start_in_a_process(
        tmp_path, LAKELAB_LESSON="06", LAKELAB_CATALOG="dev", LAKELAB_SCHEMA="mine"
    )
    assert told["place"] == ["dev", "mine"]


def test_where_local_state_lives(monkeypatch, tmp_path):
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path / "x"))
    assert runtime.find_home().real_path == tmp_path / "x"
    monkeypatch.delenv("LAKELAB_HOME")
    assert runtime.find_home().real_path == runtime.project_root() / ".lakelab"
    monkeypatch.setattr(runtime, "project_root", lambda: None)
    assert runtime.find_home().real_path == Path.home() / ".lakelab"


@pytest.mark.parametrize("told", ["http://127.0.0.1:9", "http://not a host"])
def test_an_unreachable_tracking_server_is_named_at_once(monkeypatch, told):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", told)
    with pytest.raises(LabError, match="no MLflow server answers at MLFLOW_TRACKING_URI="):
        lab.require_tracking_server()


def test_an_error_is_one_line_in_a_notebook():
    assert LabError("do this")._render_traceback_() == ["lakelab: do this"]


@pytest.mark.parametrize(
    ("variable", "value", "number"),
    [
        ("LAKELAB_LESSON", "08_train_with_feature_table", "08"),
        ("JPY_SESSION_NAME", "/home/me/notebooks/09_score_with_feature_table.ipynb", "09"),
        ("JPY_SESSION_NAME", "/home/me/notebooks/my own.ipynb", None),
        ("JPY_SESSION_NAME", "77_not_yet.ipynb", None),
    ],
)
def test_the_lesson_is_told_by_the_notebooks_name(monkeypatch, variable, value, number):
    for name in ("LAKELAB_LESSON", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    found = lab._this_lesson(None)
    assert (found and found.number) == number


class FakeDatabricks:
    """What the lab asks of a workspace: a session and dbutils, written down."""

    def __init__(self, widgets: dict[str, str], catalog: str = "workspace"):
        self.said: list[str] = []
        self._catalog = catalog
        self.widgets = self
        self._values = widgets

    def getAll(self) -> dict[str, str]:
        return self._values

    def sql(self, query: str):
        self.said.append(query)
        self._answer = "Ana.Garcia@example.com" if "user" in query else self._catalog
        return self

    def collect(self):
        return [(self._answer,)]


@pytest.mark.parametrize(
    ("widgets", "environment", "place"),
    [
        ({}, {}, ("workspace", "lakelab_ana_garcia")),
        ({"catalog": "ml", "schema": "course"}, {"LAKELAB_SCHEMA": "x"}, ("ml", "course")),
        ({"catalog": ""}, {"LAKELAB_CATALOG": "ml"}, ("ml", "lakelab_ana_garcia")),
    ],
)
def test_on_databricks_the_schema_is_the_users_own(monkeypatch, widgets, environment, place):
    import mlflow

    experiments: list[str] = []
    monkeypatch.setattr(mlflow, "set_experiment", experiments.append)
    monkeypatch.setattr(lab, "_prepare", lambda lab: None)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    there = FakeDatabricks(widgets)

    names = lab.start(there, there)

    assert (names["CATALOG"], names["SCHEMA"]) == place
    assert names["spark"] is there
    assert f"CREATE SCHEMA IF NOT EXISTS `{place[0]}`.`{place[1]}`" in there.said
    assert experiments == ["/Users/Ana.Garcia@example.com/lakelab"]
    assert "display" not in names, "Databricks has its own"


@pytest.mark.parametrize("is_there", [True, False])
def test_on_databricks_our_automl_answers_only_where_theirs_is_absent(monkeypatch, is_there):
    from lakelab.automl import locations
    from lakelab.local.notebook import import_names as official_names

    answered: list[dict[str, str]] = []
    monkeypatch.setattr(official_names, "answer_official_names", answered.append)
    monkeypatch.setenv(locations.USER_VARIABLE, "")
    monkeypatch.setenv(locations.FOLDER_VARIABLE, "")
    monkeypatch.setattr(lab, "find_spec", lambda name: object() if is_there else None)

    lab._answer_automl_where_it_is_absent("ana@example.com")

    assert answered == ([] if is_there else [{"databricks.automl": "lakelab.automl"}])
    folder = Path.home() if is_there else Path("/Workspace/Users/ana@example.com")
    assert locations.notebooks_folder() == folder / "databricks_automl"
    if not is_there:
        assert locations.current_user() == "ana@example.com"


def test_on_databricks_a_workspace_without_unity_catalog_is_told_what_to_do(monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    there = FakeDatabricks({}, catalog="hive_metastore")
    with pytest.raises(LabError, match="need Unity Catalog. Name a catalog of yours"):
        lab.start(there, there)
    assert not any("CREATE SCHEMA" in said for said in there.said)


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("", "/ml"),
        ("experiments/7", "/ml/experiments/7"),
        ("experiments/7/runs/0a1b", "/ml/experiments/7/runs/0a1b"),
        ("experiments/7/models/m-0a1b", "/ml/experiments/7/models/m-0a1b"),
        ("models/main.flights.delay", "/explore/data/models/main/flights/delay"),
        (
            "models/main.flights.delay/versions/3",
            "/explore/data/models/main/flights/delay/version/3",
        ),
    ],
)
def test_the_ui_on_databricks_is_the_workspaces(monkeypatch, page, address):
    import databricks.sdk
    import mlflow
    from mlflow.utils import databricks_utils as by_mlflow

    host = "https://dbc-1.cloud.databricks.com"
    config = type("Config", (), {"host": f"{host}/"})
    monkeypatch.setattr(
        databricks.sdk, "WorkspaceClient", lambda: type("Client", (), {"config": config})
    )
    monkeypatch.setattr(mlflow, "set_experiment", lambda name: None)
    monkeypatch.setattr(lab, "_prepare", lambda lab: None)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    there = FakeDatabricks({})

    assert lab.start(there, there)["lab"].ui(page) == f"{host}{address}"

    # what MLflow itself prints in a workspace
    model = by_mlflow._construct_databricks_logged_model_url(host, "7", "m-0a1b")
    version = by_mlflow._construct_databricks_uc_registered_model_url(
        host, "main.flights.delay", "3"
    )
    printed = {
        "experiments/7/models/m-0a1b": model,
        "models/main.flights.delay/versions/3": version,
    }
    assert printed.get(page, f"{host}{address}") == f"{host}{address}"


def test_the_ui_of_a_tracking_server_is_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000/")
    home = Home(tmp_path)
    assert lab._ui_on_laptop(home, "") == "http://127.0.0.1:5000"
    assert lab._ui_on_laptop(home, "models") == "http://127.0.0.1:5000/#/models"


def test_a_ui_that_does_not_start_is_told_in_one_line(monkeypatch, tmp_path):
    def start_ui(home):
        raise mlflow_ui.UiError("the MLflow UI ended before it answered: disk full")

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(mlflow_ui, "start_ui", start_ui)
    with pytest.raises(LabError, match="ended before it answered: disk full"):
        lab._ui_on_laptop(Home(tmp_path), "")
