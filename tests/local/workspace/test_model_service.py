"""Many threads and several processes register versions of one model."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
import requests
from filelock import FileLock
from mlflow import MlflowClient

from lakelab.local.workspace import start_workspace


def test_eight_threads_register_versions_1_to_8(any_place, any_schema, saved_models):
    name = f"{any_schema}.delay"
    client = MlflowClient()
    client.create_registered_model(name)
    with ThreadPoolExecutor(8) as pool:
        versions = list(
            pool.map(
                lambda number: client.create_model_version(
                    name, str(saved_models[number % 2]), tags={"number": str(number)}
                ),
                range(8),
            )
        )
    assert sorted(int(version.version) for version in versions) == list(range(1, 9))
    for number, version in enumerate(versions):
        assert version.status == "READY"
        loaded = client.get_model_version(name, version.version)
        assert loaded.tags == {"number": str(number)}
        assert loaded.source == str(saved_models[number % 2])


def test_a_version_waits_for_the_writer_of_another_process(place, schema):
    name = f"{schema}.delay"
    MlflowClient().create_registered_model(name)
    path = "/api/2.0/mlflow/unity-catalog/model-versions/create"

    def create() -> str:
        answer = place.call("POST", path, json={"name": name, "source": "x"})
        return answer.json()["model_version"]["version"]

    with ThreadPoolExecutor(1) as pool:
        with FileLock(place.home.workspace_state / "registry.lock"):
            waiting = pool.submit(create)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
        assert waiting.result(timeout=30) == "1"


PROGRAM = """
import sys
from pathlib import Path

import requests

from lakelab.local.system.home import Home
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.workspace import start_workspace

home = Home(Path(sys.argv[1]))
with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {workspace.token}"
    versions = workspace.url + "/api/2.0/mlflow/unity-catalog/model-versions"
    session.get(versions + "/search", params={"filter": f"name='{sys.argv[2]}'"})  # imports MLflow
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(6):
        answer = session.post(versions + "/create", json={"name": sys.argv[2], "source": "x"})
        print(answer.json()["model_version"]["version"], flush=True)
"""


def test_processes_that_share_a_home_number_versions_without_loss(place, schema):
    name = f"{schema}.delay"
    MlflowClient().create_registered_model(name)
    command = [sys.executable, "-c", PROGRAM, str(place.home.root), name]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # all start at once
        process.stdin.write("go\n")
        process.stdin.flush()
    numbers = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert sorted(numbers) == list(range(1, 13))
    assert [v.version for v in MlflowClient().search_model_versions(f"name='{name}'")] == [
        str(number) for number in range(12, 0, -1)
    ]


def test_two_workspaces_over_one_home_see_the_same(place, schema, saved_models):
    name = f"{schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    with start_workspace(place.home, place.unity, place.workspace.tracking_uri) as second:
        answer = requests.get(
            f"{second.url}/api/2.1/unity-catalog/models/{name}/versions",
            headers={"Authorization": f"Bearer {second.token}"},
            timeout=30,
        )
    assert [version["version"] for version in answer.json()["model_versions"]] == [1]
