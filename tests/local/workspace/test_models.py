"""The registry as MLflow's unmodified client sees it, over sqlite and over an `mlflow server`."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from .conftest import FEATURES
from .mlflow_answers import assert_code, predictions


def test_log_model_registers_and_loads_by_version_and_alias(any_place, any_schema, log_model):
    name = f"{any_schema}.delay"
    first, second = (log_model(factor, registered_model_name=name) for factor in (2, 3))
    client = MlflowClient()
    client.set_registered_model_alias(name, "Champion", 1)
    assert predictions(f"models:/{name}/1") == [2, 4, 6]
    assert predictions(f"models:/{name}/2") == [3, 6, 9]
    assert predictions(f"models:/{name}@Champion") == [2, 4, 6]
    client.set_registered_model_alias(name, "Champion", "2")
    assert predictions(f"models:/{name}@Champion") == [3, 6, 9]
    version = client.get_model_version(name, "2")
    assert (version.name, version.version, version.status) == (name, "2", "READY")
    assert (version.run_id, version.model_id) == (second.run_id, second.model_id)
    assert version.aliases == ["Champion"]
    assert client.get_model_version(name, "1").aliases == []
    assert first.registered_model_version == "1"


def test_plain_registry_shows_the_version_its_run_and_a_source_that_loads(
    any_place, any_schema, log_model
):
    name = f"{any_schema}.delay"
    logged = log_model(3, registered_model_name=name)
    plain = any_place.plain
    shown = plain.get_model_version(name, "1")
    assert shown.run_id == logged.run_id
    assert set(shown.tags) == {"unity_catalog"}
    mlflow.set_registry_uri(any_place.workspace.tracking_uri)
    assert predictions(f"models:/{name}/1") == [3, 6, 9]
    links = plain.get_logged_model(logged.model_id).tags["mlflow.modelVersions"]
    assert links.count(name) == 1


def test_register_model_from_run_logged_model_and_path(
    any_place, any_schema, log_model, saved_models
):
    name = f"{any_schema}.delay"
    logged = log_model(2)
    sources = [logged.model_uri, f"runs:/{logged.run_id}/model", str(saved_models[1])]
    versions = [mlflow.register_model(source, name, tags={"from": source}) for source in sources]
    assert [version.version for version in versions] == ["1", "2", "3"]
    assert [version.run_id for version in versions] == [logged.run_id, logged.run_id, ""]
    assert versions[2].tags == {"from": str(saved_models[1])}
    assert predictions(f"models:/{name}/2") == [2, 4, 6]
    assert predictions(f"models:/{name}/3") == [3, 6, 9]
    assert (saved_models[1] / "MLmodel").is_file()


def test_the_source_is_the_logged_model_however_it_was_named(any_place, any_schema, log_model):
    """Away from Databricks the client names the model's folder; Databricks shows models:/m-..."""
    client, name = MlflowClient(), f"{any_schema}.delay"
    logged = log_model(2)
    versions = [
        mlflow.register_model(logged.model_uri, name),
        client.create_model_version(name, logged.model_uri, logged.run_id),
        client.create_model_version(name, logged.model_uri, model_id=logged.model_id),
    ]
    for version in versions:
        assert (version.source, version.model_id) == (logged.model_uri, logged.model_id)
    assert [version.run_id for version in versions] == [logged.run_id] * 3


def test_client_creates_model_and_version_and_updates_and_deletes_them(
    any_place, any_schema, saved_models
):
    client, name = MlflowClient(), f"{any_schema}.delay"
    created = client.create_registered_model(name, tags={"team": "ops"}, description="Delays")
    assert (created.name, created.description, created.tags) == (name, "Delays", {"team": "ops"})
    version = client.create_model_version(
        name, str(saved_models[0]), tags={"stage": "new"}, description="First"
    )
    assert (version.version, version.description, version.tags) == ("1", "First", {"stage": "new"})
    assert client.update_registered_model(name, "Late flights").description == "Late flights"
    assert client.get_registered_model(name).description == "Late flights"
    assert client.update_model_version(name, "1", "Better").description == "Better"
    assert client.get_model_version(name, 1).description == "Better"
    client.delete_model_version(name, "1")
    assert_code("RESOURCE_DOES_NOT_EXIST", client.get_model_version, name, "1")
    assert client.create_model_version(name, str(saved_models[0])).version == "2"
    client.delete_registered_model(name)
    assert_code("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, name)
    assert not list((any_place.home.workspace_state / "models").glob(f"{name.replace('.', '/')}/*"))


def test_names_are_kept_in_lower_case(place, schema, saved_models):
    name = f"{schema}.Delay"
    version = mlflow.register_model(str(saved_models[0]), name.upper())
    assert version.name == name.lower()
    assert predictions(f"models:/{name.upper()}/1") == [2, 4, 6]


def test_tags_of_models_and_versions(any_place, any_schema, saved_models):
    client, name = MlflowClient(), f"{any_schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    client.set_registered_model_tag(name, "task", "regression")
    client.set_registered_model_tag(name, "empty", "")
    client.set_model_version_tag(name, "1", "validation_status", "pending")
    client.set_model_version_tag(name, "1", "validation_status", "approved")
    assert client.get_registered_model(name).tags == {"task": "regression", "empty": ""}
    assert client.get_model_version(name, "1").tags == {"validation_status": "approved"}
    client.delete_registered_model_tag(name, "task")
    client.delete_model_version_tag(name, "1", "validation_status")
    assert client.get_registered_model(name).tags == {"empty": ""}
    assert client.get_model_version(name, "1").tags == {}
    assert_code(
        "INVALID_PARAMETER_VALUE", client.set_model_version_tag, name, "1", "unity_catalog", "x"
    )


@pytest.mark.parametrize("key", ["team.owner", "validation-status", "a/b", "a=b", "a:b", "a,b",
                                 " a", "a ", "k" * 256, "unity_catalog"])  # fmt: skip
def test_tags_that_unity_catalog_does_not_take(place, schema, saved_models, key):
    client, name, tags = MlflowClient(), f"{schema}.delay", {key: "x"}
    refused = "INVALID_PARAMETER_VALUE"
    assert_code(refused, client.create_registered_model, name, tags)
    mlflow.register_model(str(saved_models[0]), name)
    assert_code(refused, client.create_model_version, name, str(saved_models[0]), None, tags)
    assert_code(refused, client.set_registered_model_tag, name, key, "x")
    assert_code(refused, client.set_model_version_tag, name, "1", key, "x")
    assert client.get_registered_model(name).tags == {}
    assert [v.version for v in client.search_model_versions(f"name='{name}'")] == ["1"]
    assert client.get_model_version(name, "1").tags == {}


def test_a_model_takes_fifty_tags_and_values_of_a_thousand_characters(place, schema):
    client, name = MlflowClient(), f"{schema}.delay"
    client.create_registered_model(name, tags={f"tag {n}": "v" * 1000 for n in range(50)})
    client.set_registered_model_tag(name, "tag 0", "no new one")
    error = assert_code(
        "INVALID_PARAMETER_VALUE", client.set_registered_model_tag, name, "tag 50", "one more"
    )
    assert "51 tags" in str(error)
    assert_code(
        "INVALID_PARAMETER_VALUE", client.set_registered_model_tag, name, "tag 0", "v" * 1001
    )
    assert client.get_registered_model(name).tags["tag 0"] == "no new one"


def test_deleting_a_tag_that_is_not_there_changes_nothing(any_place, any_schema, saved_models):
    client, name = MlflowClient(), f"{any_schema}.delay"
    mlflow.register_model(str(saved_models[0]), name, tags={"a": "b"})
    client.delete_registered_model_tag(name, "nothing")
    client.delete_model_version_tag(name, "1", "nothing")
    assert client.get_model_version(name, "1").tags == {"a": "b"}


def test_aliases_move_and_go(any_place, any_schema, saved_models):
    client, name = MlflowClient(), f"{any_schema}.delay"
    for folder in saved_models:
        mlflow.register_model(str(folder), name)
    client.set_registered_model_alias(name, "Champion", "1")
    client.set_registered_model_alias(name, "shadow", "1")
    assert client.get_model_version_by_alias(name, "Champion").version == "1"
    client.set_registered_model_alias(name, "Champion", "2")
    assert client.get_model_version_by_alias(name, "Champion").version == "2"
    aliases = {
        alias: str(number) for alias, number in client.get_registered_model(name).aliases.items()
    }
    assert aliases == {"Champion": "2", "shadow": "1"}
    client.delete_registered_model_alias(name, "Champion")
    error = assert_code(
        "RESOURCE_DOES_NOT_EXIST", client.get_model_version_by_alias, name, "Champion"
    )
    assert "shadow" in str(error)
    with pytest.raises(MlflowException, match="RESOURCE_DOES_NOT_EXIST"):
        mlflow.pyfunc.load_model(f"models:/{name}@Champion")


@pytest.mark.parametrize(
    ("alias", "message"),
    [
        ("latest", "'latest' and 'v' with a number are reserved"),
        ("Latest", "'latest' and 'v' with a number are reserved"),
        ("v1", "'latest' and 'v' with a number are reserved"),
        ("V12", "'latest' and 'v' with a number are reserved"),
        ("no spaces", "Names may only contain"),  # the client's own refusal
        ("a.b", "Names may only contain"),
    ],
)
def test_reserved_and_invalid_aliases_are_refused(place, schema, saved_models, alias, message):
    client, name = MlflowClient(), f"{schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    error = assert_code(
        "INVALID_PARAMETER_VALUE", client.set_registered_model_alias, name, alias, "1"
    )
    assert message in str(error)
    assert client.get_registered_model(name).aliases == {}


def test_copy_between_catalogs_keeps_run_and_logged_model(any_place, any_schema, log_model):
    client, name = MlflowClient(), f"{any_schema}.delay"
    logged = log_model(3, registered_model_name=name)
    target = name.replace("main.", "prod.")
    copy = client.copy_model_version(f"models:/{name}/1", target)
    assert (copy.name, copy.version, copy.source) == (target, "1", f"models:/{name}/1")
    assert (copy.run_id, copy.model_id) == (logged.run_id, logged.model_id)
    again = client.copy_model_version(f"models:/{target}/1", target)
    assert again.version == "2"
    client.delete_registered_model(name)  # a copy stands alone
    assert predictions(f"models:/{target}/2") == [3, 6, 9]


def test_copy_of_a_model_without_logged_model(any_place, any_schema, saved_models):
    name = f"{any_schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    copy = MlflowClient().copy_model_version(f"models:/{name}/1", f"{any_schema}.other")
    assert predictions(f"models:/{copy.name}/{copy.version}") == [2, 4, 6]


def test_rename_within_the_schema(any_place, any_schema, saved_models):
    client, name = MlflowClient(), f"{any_schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    client.set_registered_model_alias(name, "Champion", "1")
    client.rename_registered_model(name, f"{any_schema}.late")
    client.rename_registered_model(f"{any_schema}.late", "later")
    assert predictions(f"models:/{any_schema}.later@Champion") == [2, 4, 6]
    assert_code("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, name)
    mlflow.register_model(str(saved_models[0]), name)
    assert_code("RESOURCE_ALREADY_EXISTS", client.rename_registered_model, name, "later")
    elsewhere = name.replace("main.", "prod.")
    assert_code("INVALID_PARAMETER_VALUE", client.rename_registered_model, name, elsewhere)


def test_search(any_place, any_schema, saved_models):
    client, name = MlflowClient(), f"{any_schema}.delay"
    for _ in range(3):
        mlflow.register_model(str(saved_models[0]), name)
    client.create_registered_model(f"{any_schema}.other")
    any_place.plain.create_registered_model(f"plain-{any_schema.partition('.')[2]}")
    found = client.search_model_versions(f"name = '{name}'")
    assert [version.version for version in found] == ["3", "2", "1"]
    first = client.search_model_versions(f"name='{name}'", max_results=2)
    rest = client.search_model_versions(f"name='{name}'", max_results=2, page_token=first.token)
    assert [v.version for v in [*first, *rest]] == ["3", "2", "1"]
    assert not rest.token
    assert client.search_model_versions(f"name='{any_schema}.unknown'") == []
    names = {model.name for model in client.search_registered_models(max_results=1000)}
    assert {f"{any_schema}.delay", f"{any_schema}.other"} <= names
    assert all(name.count(".") == 2 for name in names)


@pytest.mark.parametrize(
    "filter_string",
    ["run_id='x'", "tags.a = 'b'", "name LIKE '%'", "", "name='a.b.c' AND run_id='x'"],
)
def test_search_versions_takes_a_name_only(place, filter_string):
    assert_code("INVALID_PARAMETER_VALUE", MlflowClient().search_model_versions, filter_string)


def test_search_models_takes_no_filter(place):
    with pytest.raises(MlflowException, match="unsupported for models in the Unity Catalog"):
        MlflowClient().search_registered_models("name='a.b.c'")
    answer = place.call("GET", "/api/2.0/mlflow/unity-catalog/registered-models/search?filter=x")
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_download_artifacts(any_place, any_schema, saved_models, tmp_path):
    name = f"{any_schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    whole = Path(
        mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=tmp_path / "all")
    )
    wanted = {
        path.relative_to(saved_models[0]): path.read_bytes()
        for path in saved_models[0].rglob("*")
        if path.is_file()
    }
    got = {
        path.relative_to(whole): path.read_bytes() for path in whole.rglob("*") if path.is_file()
    }
    wanted.pop(Path("registered_model_meta"), None)
    got.pop(Path("registered_model_meta"), None)  # MLflow writes it on download
    assert got == wanted
    one = mlflow.artifacts.download_artifacts(
        f"models:/{name}/1/MLmodel", dst_path=tmp_path / "one"
    )
    assert Path(one).read_bytes() == (saved_models[0] / "MLmodel").read_bytes()
    assert Path(MlflowClient().get_model_version_download_uri(name, "1"), "MLmodel").is_file()


def test_version_registered_in_the_plain_registry_is_served_too(any_place, any_schema, log_model):
    name = f"{any_schema}.outside"
    logged = log_model(3)
    any_place.plain.create_registered_model(name)
    any_place.plain.create_model_version(
        name, logged.model_uri, logged.run_id, model_id=logged.model_id
    )
    assert predictions(f"models:/{name}/1") == [3, 6, 9]
    assert not list((any_place.home.workspace_state / "models" / ".uploads").iterdir())


# ---- refusals ------------------------------------------------------------------------------------
def test_model_without_signature_is_refused(place, schema, tmp_path):
    from sklearn.linear_model import LinearRegression

    folder = tmp_path / "unsigned"
    model = LinearRegression().fit(FEATURES, [1, 2, 3])
    mlflow.sklearn.save_model(model, folder, pip_requirements=["scikit-learn"])
    with pytest.raises(MlflowException, match="did not contain any signature"):
        mlflow.register_model(str(folder), f"{schema}.delay")
    assert MlflowClient().search_model_versions(f"name='{schema}.delay'") == []


@pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")
def test_stages_are_refused(place, schema, saved_models):
    client, name = MlflowClient(), f"{schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    with pytest.raises(MlflowException, match="unsupported for models in the Unity Catalog"):
        client.transition_model_version_stage(name, "1", "Production")
    with pytest.raises(MlflowException, match="unsupported for models in the Unity Catalog"):
        client.get_latest_versions(name)


@pytest.mark.parametrize("name", ["delay", "flights.delay", "a.b.c.d"])
def test_names_need_three_levels(place, name, monkeypatch):
    # with a Spark session, MLflow completes shorter names by the current catalog and schema
    monkeypatch.setattr(
        "mlflow.store._unity_catalog.registry.rest_store.get_full_name_from_sc",
        lambda name, spark: name,
    )
    with pytest.raises(MlflowException, match="specify all three levels.*databricks-uc"):
        MlflowClient().create_registered_model(name)


@pytest.mark.parametrize("name", ["main..delay", "main.a b.delay", "main.x/y.delay", ".main.delay"])
def test_names_without_periods_spaces_and_slashes(place, name):
    assert_code("INVALID_PARAMETER_VALUE", MlflowClient().create_registered_model, name)


def test_what_is_missing_is_named(place, schema, saved_models):
    client, name = MlflowClient(), f"{schema}.delay"
    missing = "RESOURCE_DOES_NOT_EXIST"
    error = assert_code(missing, client.create_registered_model, "nowhere.flights.delay")
    assert "Catalog 'nowhere' does not exist" in str(error)
    error = assert_code(missing, client.create_registered_model, "main.nowhere.delay")
    assert "Schema 'main.nowhere' does not exist" in str(error)
    for function, *arguments in [
        (client.get_registered_model,),
        (client.get_model_version, "1"),
        (client.get_model_version_by_alias, "Champion"),
        (client.set_registered_model_alias, "Champion", "1"),
        (client.set_registered_model_tag, "a", "b"),
        (client.update_registered_model, "text"),
        (client.delete_registered_model,),
        (client.rename_registered_model, "other"),
        (client.create_model_version, str(saved_models[0])),
    ]:
        error = assert_code(missing, function, name, *arguments)
        assert f"'{name}' does not exist" in str(error)
    client.create_registered_model(name)
    for function, *arguments in [
        (client.get_model_version, "7"),
        (client.set_registered_model_alias, "Champion", "7"),
        (client.delete_model_version, "7"),
        (client.set_model_version_tag, "7", "a", "b"),
    ]:
        assert_code(missing, function, name, *arguments)
    assert_code("INVALID_PARAMETER_VALUE", client.get_model_version, name, "Champion")


def test_model_that_exists_already_is_refused(any_place, any_schema):
    client, name = MlflowClient(), f"{any_schema}.delay"
    client.create_registered_model(name)
    assert_code("RESOURCE_ALREADY_EXISTS", client.create_registered_model, name)


def test_pending_version_is_no_version_to_use(place, schema, saved_models):
    client, name = MlflowClient(), f"{schema}.delay"
    client.create_registered_model(name)
    created = place.call(
        "POST",
        "/api/2.0/mlflow/unity-catalog/model-versions/create",
        json={"name": name, "source": "somewhere"},
    ).json()["model_version"]
    assert created["status"] == "PENDING_REGISTRATION"
    assert client.get_model_version(name, "1").status == "PENDING_REGISTRATION"
    with pytest.raises(MlflowException, match="upload did not end"):
        mlflow.pyfunc.load_model(f"models:/{name}/1")
    finalized = place.call(
        "POST",
        "/api/2.0/mlflow/unity-catalog/model-versions/finalize",
        json={"name": name, "version": "1"},
    )
    assert (finalized.status_code, finalized.json()["error_code"]) == (400, "INVALID_STATE")
    assert client.get_model_version(name, "1").status == "PENDING_REGISTRATION"
