"""The workspace registry as MLflow's unmodified client sees it, over sqlite and an `mlflow server`."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import mlflow
import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from .conftest import FEATURES
from .mlflow_answers import assert_code, predictions

API = "/api/2.0/mlflow"
OUTSIDE = ["..", "../x", "a/../../x", "%2e%2e/x", "..%2f..%2fx", "a//b", "..\\x", "./x"]
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


def test_register_stage_and_load(client, name, log_model):
    first = log_model(2, registered_model_name=name)
    second = mlflow.register_model(f"runs:/{log_model(3).run_id}/model", name, tags={"team": "ops"})
    assert (first.registered_model_version, second.version) == ("1", "2")
    assert second.tags == {"team": "ops"}
    assert client.get_model_version(name, "1").run_id == first.run_id
    assert client.get_model_version(name, "1").source.startswith("dbfs:/databricks/mlflow/")
    client.transition_model_version_stage(name, "1", "Production")
    assert predictions(f"models:/{name}/Production") == [2, 4, 6]
    moved = client.transition_model_version_stage(
        name, "2", "Production", archive_existing_versions=True
    )
    assert moved.current_stage == "Production"
    assert client.get_model_version(name, "1").current_stage == "Archived"
    assert predictions(f"models:/{name}/Production") == [3, 6, 9]
    assert predictions(f"models:/{name}/latest") == [3, 6, 9]
    assert [v.version for v in client.get_latest_versions(name, ["Production"])] == ["2"]
    assert {v.current_stage for v in client.get_latest_versions(name)} == {"Archived", "Production"}


def test_a_model_needs_no_signature_here(client, name, tmp_path):
    from sklearn.linear_model import LinearRegression

    folder = tmp_path / "unsigned"
    model = LinearRegression().fit(FEATURES, [2, 4, 6])
    mlflow.sklearn.save_model(model, folder, pip_requirements=["scikit-learn"])
    assert mlflow.register_model(str(folder), name).version == "1"
    assert (folder / "MLmodel").is_file(), "the source is the learner's"
    assert predictions(f"models:/{name}/1") == [2, 4, 6]


def test_what_the_client_refuses(sqlite_client, name, saved_models):
    """Genuine refusals of MLflow's own client: aliases are Unity Catalog's."""
    mlflow.register_model(str(saved_models[0]), name)
    for function, *arguments in [
        (sqlite_client.set_registered_model_alias, name, "Champion", "1"),
        (sqlite_client.delete_registered_model_alias, name, "Champion"),
        (sqlite_client.get_model_version_by_alias, name, "Champion"),
    ]:
        with pytest.raises(MlflowException, match="unsupported for models in the Workspace"):
            function(*arguments)


def test_tags_descriptions_names_and_deletion(client, any_place, name, saved_models):
    client.create_registered_model(name, {"team": "ops"}, "Delays")
    assert_code("RESOURCE_ALREADY_EXISTS", client.create_registered_model, name)
    version = client.create_model_version(name, str(saved_models[0]), tags={"a": "b"})
    client.set_registered_model_tag(name, "task", "regression")
    client.delete_registered_model_tag(name, "team")
    assert client.get_registered_model(name).tags == {"task": "regression"}
    client.set_model_version_tag(name, "1", "validation_status", "approved")
    client.delete_model_version_tag(name, "1", "a")
    assert client.get_model_version(name, "1").tags == {"validation_status": "approved"}
    assert_code(
        "INVALID_PARAMETER_VALUE", client.set_model_version_tag, name, "1", "workspace_registry", ""
    )
    assert client.update_model_version(name, version.version, "First").description == "First"
    assert client.update_registered_model(name, "Late").description == "Late"
    new = f"{name} 2"
    client.rename_registered_model(name, new)
    assert predictions(f"models:/{new}/1") == [2, 4, 6]
    client.transition_model_version_stage(new, "1", "Staging")
    assert_code("INVALID_STATE", client.delete_model_version, new, "1")
    assert_code("INVALID_STATE", client.delete_registered_model, new)
    client.transition_model_version_stage(new, "1", "Archived")
    client.delete_registered_model(new)
    assert_code("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, new)
    files = any_place.home.workspace("a") / "models" / "registry" / "a"
    assert not [file for file in (files / name).rglob("*") if file.is_file()]


def test_search_sees_this_registry_only(client, any_place, any_schema, name, saved_models):
    mlflow.register_model(str(saved_models[0]), name)
    mlflow.register_model(str(saved_models[1]), name)
    mlflow.set_registry_uri("databricks-uc")
    mlflow.register_model(str(saved_models[0]), f"{any_schema}.delay")
    names = {model.name for model in client.search_registered_models(max_results=500)}
    assert name in names
    assert not [n for n in names if "." in n]
    assert name not in {m.name for m in MlflowClient().search_registered_models(max_results=500)}
    by_name = client.search_registered_models(f"name = '{name}'", order_by=["name DESC"])
    assert [model.name for model in by_name] == [name]
    found = client.search_model_versions(f"name='{name}'", order_by=["version_number ASC"])
    assert [version.version for version in found] == ["1", "2"]
    page = client.search_model_versions(f"name='{name}'", max_results=1)
    rest = client.search_model_versions(f"name='{name}'", max_results=1, page_token=page.token)
    assert {page[0].version, rest[0].version} == {"1", "2"}
    assert not rest.token


def test_copy_into_unity_catalog(client, any_place, any_schema, name, log_model):
    logged = log_model(3, registered_model_name=name)
    target = f"{any_schema}.delay"
    copy = client.copy_model_version(f"models:/{name}/1", target)
    assert (copy.name, copy.version, copy.run_id) == (target, "1", logged.run_id)
    mlflow.set_registry_uri("databricks-uc")
    MlflowClient().set_registered_model_alias(target, "Champion", "1")
    assert predictions(f"models:/{target}@Champion") == [3, 6, 9]


def test_a_model_without_signature_is_copied_only_if_asked(
    sqlite_client, place, schema, name, tmp_path, monkeypatch
):
    from sklearn.linear_model import LinearRegression

    folder = tmp_path / "unsigned"
    model = LinearRegression().fit(FEATURES, [2, 4, 6])
    mlflow.sklearn.save_model(model, folder, pip_requirements=["scikit-learn"])
    mlflow.register_model(str(folder), name)
    with pytest.raises(MlflowException, match="signature"):
        sqlite_client.copy_model_version(f"models:/{name}/1", f"{schema}.delay")
    monkeypatch.setenv("MLFLOW_SKIP_SIGNATURE_CHECK_FOR_UC_REGISTRY_MIGRATION", "true")
    copy = sqlite_client.copy_model_version(f"models:/{name}/1", f"{schema}.delay")
    mlflow.set_registry_uri("databricks-uc")
    assert predictions(f"models:/{copy.name}/{copy.version}") == [2, 4, 6]


def test_unknown_things_have_their_codes(sqlite_client, place, name, saved_models):
    missing = "RESOURCE_DOES_NOT_EXIST"
    assert_code(missing, sqlite_client.get_registered_model, name)
    assert_code(missing, sqlite_client.create_model_version, name, str(saved_models[0]))
    sqlite_client.create_registered_model(name)
    assert_code(missing, sqlite_client.get_model_version, name, "7")
    assert_code(missing, sqlite_client.transition_model_version_stage, name, "7", "Production")
    mlflow.register_model(str(saved_models[0]), name)
    wrong = assert_code(
        "INVALID_PARAMETER_VALUE", sqlite_client.transition_model_version_stage, name, "1", "Live"
    )
    assert "Live" in str(wrong)
    assert_code("INVALID_PARAMETER_VALUE", sqlite_client.get_model_version, name, "one")


def test_databricks_sdk_lists_and_moves(sqlite_client, name, saved_models):
    mlflow.register_model(str(saved_models[0]), name)
    registry = WorkspaceClient().model_registry
    assert name in [model.name for model in registry.list_models()]
    assert registry.get_model(name).registered_model_databricks.name == name
    moved = registry.transition_stage(name, "1", "Production", False)
    assert moved.model_version_databricks.current_stage == "Production"
    assert sqlite_client.get_model_version(name, "1").current_stage == "Production"


@pytest.mark.parametrize("outside", OUTSIDE)
def test_no_download_leaves_its_version(sqlite_client, place, name, saved_models, outside):
    mlflow.register_model(str(saved_models[0]), name)
    for call in ("list-artifacts", "get-signed-download-uri"):
        answer = place.call(
            "GET",
            f"{API}/model-versions/{call}",
            params={"name": name, "version": "1", "path": outside},
        )
        assert 400 <= answer.status_code < 500, answer.text


def test_links_are_not_followed(sqlite_client, place, name, saved_models, tmp_path):
    mlflow.register_model(str(saved_models[0]), name)
    (tmp_path / "key").write_text("secret")
    folder = Path(sqlite_client.get_model_version_download_uri(name, "1"))
    os.symlink(tmp_path / "key", folder / "link")
    request = {"name": name, "version": "1", "path": "link"}
    answer = place.call("GET", f"{API}/model-versions/get-signed-download-uri", params=request)
    assert answer.status_code == 400
    listed = place.call(
        "GET", f"{API}/model-versions/list-artifacts", params={**request, "path": ""}
    )
    names = {file["path"] for file in listed.json()["files"]}
    assert "MLmodel" in names
    assert "link" not in names


def test_a_signed_url_works_once(sqlite_client, place, name, saved_models):
    mlflow.register_model(str(saved_models[0]), name)
    request = {"name": name, "version": "1", "path": "MLmodel"}
    signed = place.call("GET", f"{API}/model-versions/get-signed-download-uri", params=request)
    url = signed.json()["signed_uri"]
    assert requests.get(url, timeout=30).content == (saved_models[0] / "MLmodel").read_bytes()
    assert requests.get(url, timeout=30).status_code == 403


def test_other_users_of_the_workspace_may_not_read_unity_catalog_by_it(place, schema, saved_models):
    mlflow.set_registry_uri("databricks-uc")
    mlflow.register_model(str(saved_models[0]), f"{schema}.delay")
    token = place.workspace.token_for("ana@example.com")
    w = WorkspaceClient(host=place.workspace.url, token=token)
    with pytest.raises(PermissionDenied):
        w.registered_models.get(f"{schema}.delay")
    answer = place.call(
        "GET", f"{API}/registered-models/get", params={"name": f"{schema}.delay"}, token=token
    )
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
