"""The models of the workspace registry: versions, uploads, copies and locks."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
from filelock import FileLock
from mlflow import MlflowClient

from lakelab.local.notebook.client_env import name_profiles
from lakelab.local.workspace import start_workspace

from .mlflow_answers import assert_code, predictions

API = "/api/2.0/mlflow"
UPLOADS = "/databricks/mlflow/tmp-external-source"
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")


@pytest.fixture
def name() -> str:
    return f"delay {uuid.uuid4().hex[:8]}"


@pytest.fixture
def client(any_place) -> MlflowClient:
    """The client of the workspace registry; also what `mlflow.register_model` uses."""
    mlflow.set_registry_uri("databricks")
    return MlflowClient()


@pytest.fixture
def sqlite_client(place) -> MlflowClient:
    mlflow.set_registry_uri("databricks")
    return MlflowClient()


def test_eight_threads_register_versions_1_to_8(client, name, saved_models):
    client.create_registered_model(name)
    with ThreadPoolExecutor(8) as pool:
        versions = list(
            pool.map(
                lambda n: client.create_model_version(name, str(saved_models[n % 2])), range(8)
            )
        )
    assert sorted(int(version.version) for version in versions) == list(range(1, 9))
    for number, version in enumerate(versions):
        expected = [2, 4, 6] if number % 2 == 0 else [3, 6, 9]
        assert predictions(f"models:/{name}/{version.version}") == expected


def test_a_writer_waits_for_the_one_of_another_process(place, name):
    with ThreadPoolExecutor(1) as pool:
        with FileLock(place.home.workspace("a") / "lock"):
            waiting = pool.submit(
                place.call, "POST", f"{API}/registered-models/create", json={"name": name}
            )
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
        assert waiting.result(timeout=30).json()["registered_model"]["name"] == name


@pytest.mark.parametrize(
    "source",
    [
        "/etc",
        "dbfs:/etc",
        f"dbfs:{UPLOADS}/../../x",
        f"dbfs:{UPLOADS}/nowhere",
        "s3://b/m",
        "dbfs:/",
    ],
)
def test_a_version_is_made_of_uploads_only(place, name, source):
    place.call("POST", f"{API}/registered-models/create", json={"name": name})
    answer = place.call(
        "POST", f"{API}/model-versions/create", json={"name": name, "source": source}
    )
    assert answer.status_code in (400, 403), answer.text
    found = place.call("GET", f"{API}/model-versions/search", params={"filter": f"name='{name}'"})
    assert found.json().get("model_versions", []) == []
    files = place.home.workspace("a") / "models" / "registry" / "a" / name
    assert not list(files.glob("*")), "no unfinished folder is left"


def test_an_upload_without_a_model_in_it_is_no_version(place, name):
    place.call("POST", f"{API}/registered-models/create", json={"name": name})
    upload = f"/dbfs{UPLOADS}/{name[-8:]}/notes.txt"
    assert place.call("POST", upload, data=b"x").status_code == 200
    source = {"name": name, "source": f"dbfs:{UPLOADS}/{name[-8:]}"}
    answer = place.call("POST", f"{API}/model-versions/create", json=source)
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "there is no MLmodel file" in answer.json()["message"]
    assert (place.home.workspace("a") / "uploads" / name[-8:] / "notes.txt").is_file()


def test_copy_within_the_registry_stands_alone(client, name, log_model):
    log_model(3, registered_model_name=name)
    assert client.copy_model_version(f"models:/{name}/1", f"{name} prod").version == "1"
    client.delete_registered_model(name)
    assert predictions(f"models:/{name} prod/1") == [3, 6, 9]


@pytest.mark.parametrize("name", ["main.flights.delay", "a/b", "a:b", "", "x" * 256])
def test_names_are_checked(sqlite_client, name):
    assert_code("INVALID_PARAMETER_VALUE", sqlite_client.create_registered_model, name)


def test_two_workspaces_have_a_registry_each_and_share_unity_catalog(
    sqlite_client, place, schema, name, saved_models, tmp_path
):
    mlflow.register_model(str(saved_models[0]), name)
    mlflow.set_registry_uri("databricks-uc")
    mlflow.register_model(str(saved_models[0]), f"{schema}.delay")
    store = f"sqlite:///{tmp_path / 'b.db'}"
    with start_workspace(
        place.home, place.unity, place.workspace.tracking_uri, name="b", own_store=store
    ) as b:
        name_profiles({"DEFAULT": place.workspace, "b": b}, place.home)
        there = MlflowClient(registry_uri="databricks://b")
        assert_code("RESOURCE_DOES_NOT_EXIST", there.get_registered_model, name)
        unity = MlflowClient(registry_uri="databricks-uc://b")
        assert unity.get_model_version(f"{schema}.delay", "1").status == "READY"
        mlflow.set_registry_uri("databricks://b")
        assert mlflow.register_model(str(saved_models[1]), name).version == "1"
        assert predictions(f"models:/{name}/1") == [3, 6, 9]
        mlflow.set_registry_uri("databricks")
        assert predictions(f"models:/{name}/1") == [2, 4, 6]
