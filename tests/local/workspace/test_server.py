"""Start, stop and routes of the local workspace."""

from __future__ import annotations

import subprocess
import sys
import time
from urllib.parse import urlparse

import psutil
import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.home import Home
from lakelab.local.workspace import start_workspace

ME = "/api/2.0/preview/scim/v2/Me"


@pytest.fixture
def client(place) -> WorkspaceClient:
    return WorkspaceClient()


def test_start_imports_only_what_it_needs(tmp_path):
    """MLflow, pandas and pyarrow take seconds to import; `benchmarks/start.py` measures the time."""
    program = f"""
import sys
from pathlib import Path
from lakelab.local.system.home import Home
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.workspace import start_workspace
home = Home(Path({str(tmp_path)!r})).prepare()
workspace = start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri)
print([name for name in ("mlflow", "pandas", "pyarrow", "pyspark", "sqlglot") if name in sys.modules])
"""
    imported = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert imported.strip() == "[]"


def test_a_call_takes_no_40_milliseconds(workspace):
    """What a call takes when TCP waits for an acknowledgement before it sends the second packet."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {workspace.token}"
    took = []
    for _ in range(20):
        begin = time.perf_counter()
        session.get(workspace.url + ME, timeout=5)
        took.append(time.perf_counter() - begin)
    assert sorted(took)[5] < 0.03


def test_it_binds_the_loopback_only_and_frees_its_port(workspace):
    assert workspace.url.startswith("http://127.0.0.1:")
    port = urlparse(workspace.url).port
    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections()
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    assert listening == {"127.0.0.1"}
    workspace.stop()
    workspace.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(workspace.url + ME, timeout=5)


def test_users_can_be_given(tmp_path):
    home = Home(tmp_path).prepare()
    users = {"t1": "admin@example.com", "t2": "ana@example.com"}
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri, users) as workspace:
        assert workspace.token == "t1"
        assert workspace.token_for("ana@example.com") == "t2"
        headers = {"Authorization": "Bearer t2"}
        me = requests.get(workspace.url + ME, headers=headers, timeout=5).json()
        assert me["userName"] == "ana@example.com"
        assert workspace.governance.admin == "admin@example.com"


@pytest.mark.parametrize("users", [{}, {"": "ana@example.com"}, {"token": ""}])
def test_users_without_token_are_refused(tmp_path, users):
    home = Home(tmp_path).prepare()
    with pytest.raises(ValueError, match="at least one token"):
        start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri, users)


def test_unknown_paths_and_methods_are_json(workspace):
    headers = {"Authorization": f"Bearer {workspace.token}"}
    for method, path in [("GET", "/api/2.0/clusters/list"), ("DELETE", ME), ("GET", "/")]:
        answer = requests.request(method, workspace.url + path, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
        assert path in answer.json()["message"]


def test_current_user(client, place):
    assert client.current_user.me().user_name == "learner@example.com"
    other = WorkspaceClient(
        host=place.workspace.url, token=place.workspace.token_for("ana@example.com")
    )
    assert other.current_user.me().user_name == "ana@example.com"


def test_calls_that_only_databricks_answers_say_so(client):
    with pytest.raises(NotFound, match="may exist on Databricks"):
        list(client.clusters.list())
