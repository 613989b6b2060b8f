"""The MLflow UI: a real server in the background, which ends with its process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import psutil
import pytest
from mlflow import MlflowClient

from lakelab.local.notebook import mlflow_ui
from lakelab.local.notebook.mlflow_ui import Ui, UiError, start_ui, ui_environment
from lakelab.local.system.home import Home

STARTER = """
import sys
from pathlib import Path
from lakelab.local.system.home import Home
from lakelab.local.notebook.mlflow_ui import start_ui
print(start_ui(Home.at(Path(sys.argv[1])).prepare()).wait(), flush=True)
input()
"""


@pytest.fixture
def store(tmp_path) -> Home:
    """A home of its own, with an experiment in its store."""
    home = Home(tmp_path / "home").prepare()
    MlflowClient(home.mlflow_uri, home.mlflow_uri).create_experiment("flights")
    return home


def test_it_serves_the_local_store_until_it_is_stopped(store, monkeypatch):
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")  # as in a lesson
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "databricks-uc")
    ui = start_ui(store)
    try:
        url = ui.wait()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        with urllib.request.urlopen(url) as page:
            assert "<title>MLflow</title>" in page.read().decode()
        names = [found.name for found in MlflowClient(url, url).search_experiments()]
        assert "flights" in names
        assert MlflowClient(url, url).search_registered_models() == []
    finally:
        ui.stop()
    with pytest.raises(URLError):
        urllib.request.urlopen(url)
    assert not ui.running


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_it_ends_with_a_kernel_that_is_killed(store):
    command = [sys.executable, "-c", STARTER, str(store.root)]
    kernel = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    url = kernel.stdout.readline().strip()
    assert url, kernel.stderr.read()
    servers = psutil.Process(kernel.pid).children(recursive=True)
    assert any("uvicorn" in " ".join(server.cmdline()) for server in servers)
    kernel.send_signal(signal.SIGKILL)
    output = kernel.communicate()
    assert not psutil.wait_procs(servers, timeout=30)[1]
    with pytest.raises(URLError):
        urllib.request.urlopen(url)
    assert output == ("", ""), "the server is quiet"


def test_a_server_that_cannot_start_says_why(tmp_path):
    home = Home(tmp_path).prepare()
    (home.mlflow / "mlflow.db").write_text("not a database at all, but long enough to be read " * 9)
    with pytest.raises(UiError, match="ended before it answered: .*not a database"):
        start_ui(home).wait()


def test_a_server_that_hangs_is_given_up(store, monkeypatch):
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(mlflow_ui, "ui_command", lambda home, port: sleeping)
    monkeypatch.setattr(mlflow_ui, "START_SECONDS", 0)
    ui = Ui(store, mlflow_ui.free_port())
    with pytest.raises(UiError, match="took longer than 0 s"):
        ui.wait()
    assert not ui.running


def test_its_environment_holds_no_token_and_no_telemetry(home, monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", "secret")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "/Users/learner@example.com/lakelab")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    environment = ui_environment(home)
    assert "secret" not in environment.values()
    assert "MLFLOW_EXPERIMENT_NAME" not in environment
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
