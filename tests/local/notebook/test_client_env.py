"""The official clients use the local workspace only, even if the learner has set up another one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from sklearn.linear_model import LinearRegression

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.notebook.client_env import point_clients_at
from lakelab.local.system.home import Home, tracking_uri
from lakelab.local.workspace import start_workspace

PLANTED = {
    "DATABRICKS_HOST": "https://real.cloud.databricks.com",
    "DATABRICKS_TOKEN": "dapi-secret",
    "DATABRICKS_CONFIG_PROFILE": "work",
    "DATABRICKS_CLIENT_ID": "id",
    "DATABRICKS_CLIENT_SECRET": "secret",
    "DATABRICKS_AUTH_TYPE": "oauth-m2m",
    "DATABRICKS_ACCOUNT_ID": "account",
    "DATABRICKS_METADATA_SERVICE_URL": "http://127.0.0.1:9/x",
    "DATABRICKS_CLUSTER_ID": "0101-abc",
    "DATABRICKS_SERVERLESS_COMPUTE_ID": "auto",
    "DATABRICKS_BUNDLE_ENV": "prod",
    "ARM_CLIENT_ID": "id",
    "ARM_CLIENT_SECRET": "secret",
    "GOOGLE_CREDENTIALS": "{}",
    "MLFLOW_TRACKING_URI": "databricks://work",
    "MLFLOW_REGISTRY_URI": "databricks-uc://work",
    "MLFLOW_EXPERIMENT_ID": "123456",
}


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """An environment without variables of Databricks and MLflow, restored after the test."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("DATABRICKS_", "MLFLOW_", "_MLFLOW_", "ARM_", "GOOGLE_")):
            del os.environ[name]
    os.environ["HOME"] = str(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "lab").prepare()


@pytest.fixture
def workspace(home):
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
        yield workspace


@pytest.fixture
def saved_model(tmp_path) -> Path:
    """The folder of a saved model with a signature."""
    features = pd.DataFrame({"hour": [1.0, 2.0, 3.0]})
    model = LinearRegression().fit(features, features["hour"])
    signature = mlflow.models.infer_signature(features, [2.0, 4.0, 6.0])
    folder = tmp_path / "saved"
    mlflow.sklearn.save_model(model, folder, signature=signature, pip_requirements=["scikit-learn"])
    return folder


def plant_config_file(folder) -> str:
    file = folder / ".databrickscfg"
    file.write_text(
        "[DEFAULT]\nhost = https://real.cloud.databricks.com\ntoken = dapi-secret\n"
        "[work]\nhost = https://work.cloud.databricks.com\ntoken = dapi-secret\n"
        "[__settings__]\ndefault_profile = work\n"
    )
    return str(file)


def test_the_sdk_takes_our_workspace_whatever_is_set(clean, home, workspace, tmp_path):
    os.environ.update(PLANTED)
    config_file = plant_config_file(tmp_path)
    ignored = point_clients_at(workspace, home)
    client = WorkspaceClient()
    assert (client.config.host, client.config.token) == (workspace.url, workspace.token)
    assert client.config.auth_type == "pat"
    assert client.config.cluster_id is None
    assert client.current_user.me().user_name == "learner@example.com"
    assert ignored == sorted([*PLANTED, config_file])
    assert not any("secret" in name for name in ignored)
    ours = {"DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"}
    assert {name for name in os.environ if name.startswith("DATABRICKS_")} == ours
    assert os.environ["MLFLOW_TRACKING_URI"] == home.mlflow_uri
    assert os.environ["MLFLOW_REGISTRY_URI"] == "databricks-uc"
    assert "MLFLOW_EXPERIMENT_ID" not in os.environ


def test_a_named_profile_of_the_learner_is_not_found(clean, home, workspace, tmp_path):
    plant_config_file(tmp_path)
    point_clients_at(workspace, home)
    with pytest.raises(ValueError, match="work profile"):
        WorkspaceClient(profile="work")


def test_a_config_file_elsewhere_is_ignored_too(clean, home, workspace, tmp_path):
    (tmp_path / "deep").mkdir()
    other = plant_config_file(tmp_path / "deep")
    os.environ["DATABRICKS_CONFIG_FILE"] = other
    assert point_clients_at(workspace, home) == sorted(["DATABRICKS_CONFIG_FILE", other])
    assert WorkspaceClient().config.host == workspace.url


def test_nothing_is_ignored_where_nothing_is_set_nor_at_a_second_call(clean, home, workspace):
    assert point_clients_at(workspace, home) == []
    assert point_clients_at(workspace, home) == []
    assert os.environ["NO_PROXY"] == "127.0.0.1,localhost"


def test_proxies_are_kept_for_others(clean, home, workspace, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "corp.example.com,localhost")
    point_clients_at(workspace, home)
    assert os.environ["NO_PROXY"] == "corp.example.com,localhost,127.0.0.1"
    assert WorkspaceClient().current_user.me().user_name == "learner@example.com"


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "https://mlflow.example.com/x"])
def test_a_tracking_server_is_kept(clean, home, url):
    os.environ["MLFLOW_TRACKING_URI"] = url
    os.environ["MLFLOW_EXPERIMENT_ID"] = "7"
    assert tracking_uri(home) == url
    assert point_clients_at(SimpleNamespace(url="http://127.0.0.1:1", token="t"), home) == []
    assert os.environ["MLFLOW_TRACKING_URI"] == url
    assert os.environ["MLFLOW_EXPERIMENT_ID"] == "7"


@pytest.mark.parametrize("uri", ["databricks", "databricks-uc", "sqlite:///other.db", "mlruns"])
def test_other_stores_are_replaced_and_named(clean, home, uri):
    os.environ["MLFLOW_TRACKING_URI"] = uri
    ignored = point_clients_at(SimpleNamespace(url="http://127.0.0.1:1", token="t"), home)
    assert ignored == ["MLFLOW_TRACKING_URI"]
    assert os.environ["MLFLOW_TRACKING_URI"] == home.mlflow_uri


def test_a_fresh_home_registers_a_model_without_noise(clean, home, tmp_path, saved_model):
    program = f"""
from pathlib import Path
from lakelab.local.notebook.client_env import point_clients_at
from lakelab.local.system.home import tracking_uri
from lakelab.local.system.home import Home
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.workspace import start_workspace
home = Home(Path({str(home.root)!r}))
unity = UnityCatalog(home.warehouse)
unity.create_catalog("main")
unity.create_schema("main", "flights")
point_clients_at(start_workspace(home, unity, tracking_uri(home)), home)
import mlflow
mlflow.register_model({str(saved_model)!r}, "main.flights.delay")
with mlflow.start_run() as run:
    mlflow.log_text("hello", "hello.txt")
print(run.info.artifact_uri)
"""
    script = tmp_path / "lesson.py"  # pyspark does not find itself from `python -c`
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "Successfully registered model 'main.flights.delay'.",
        "Created version '1' of model 'main.flights.delay'.",
    ]
    assert done.stdout.strip().startswith(str(home.artifacts))
    assert not (tmp_path / "mlruns").exists()


def test_warnings_that_mean_something_are_kept(clean, home, caplog):
    point_clients_at(SimpleNamespace(url="http://127.0.0.1:1", token="t"), home)
    logger = logging.getLogger("mlflow.store._unity_catalog.registry.rest_store")
    logger.warning("Unable to get model version source run's workspace ID from request headers.")
    logger.warning("Something else")
    assert [record.message for record in caplog.records] == ["Something else"]
