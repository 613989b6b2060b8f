"""The token of a call decides what the caller may do."""

from __future__ import annotations

import json

import mlflow
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, PermissionDenied
from databricks.sdk.service.catalog import PermissionsChange, Privilege
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

ANA = "ana@example.com"


@pytest.fixture
def ana(place) -> WorkspaceClient:
    return WorkspaceClient(host=place.workspace.url, token=place.workspace.token_for(ANA))


@pytest.fixture
def as_ana(place, monkeypatch):
    """Make this process' clients use Ana's token."""
    return lambda: monkeypatch.setenv("DATABRICKS_TOKEN", place.workspace.token_for(ANA))


def give(kind: str, name: str, *privileges: Privilege, to: str = ANA) -> None:
    changes = [PermissionsChange(principal=to, add=list(privileges))]
    WorkspaceClient().grants.update(kind, name, changes=changes)


def take(kind: str, name: str, *privileges: Privilege) -> None:
    changes = [PermissionsChange(principal=ANA, remove=list(privileges))]
    WorkspaceClient().grants.update(kind, name, changes=changes)


def denied(function, *arguments) -> str:
    with pytest.raises(MlflowException) as caught:
        function(*arguments)
    assert caught.value.error_code == "PERMISSION_DENIED"
    return str(caught.value)


def test_loading_needs_execute_and_use_of_the_containers(place, schema, saved_models, ana):
    name = f"{schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    admin = place.workspace.token
    give("CATALOG", "main", Privilege.USE_CATALOG)
    give("SCHEMA", schema, Privilege.USE_SCHEMA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABRICKS_TOKEN", place.workspace.token_for(ANA))
        client = MlflowClient()
        assert f"EXECUTE on Routine or Model '{name}'" in denied(
            client.get_model_version, name, "1"
        )
        denied(mlflow.pyfunc.load_model, f"models:/{name}/1")
        patch.setenv("DATABRICKS_TOKEN", admin)
        give("FUNCTION", name, Privilege.EXECUTE)
        patch.setenv("DATABRICKS_TOKEN", place.workspace.token_for(ANA))
        assert mlflow.pyfunc.load_model(f"models:/{name}/1") is not None
        for function, *arguments in [
            (client.set_registered_model_alias, name, "Champion", "1"),
            (client.set_model_version_tag, name, "1", "a", "b"),
            (client.update_registered_model, name, "mine"),
            (client.delete_model_version, name, "1"),
            (client.delete_registered_model, name),
            (client.create_model_version, name, str(saved_models[0])),
        ]:
            denied(function, *arguments)
    take("FUNCTION", name, Privilege.EXECUTE)
    with pytest.raises(PermissionDenied, match="EXECUTE"):
        ana.registered_models.get(name)
    take("CATALOG", "main", Privilege.USE_CATALOG)
    assert [m.full_name for m in ana.registered_models.list()] == []


def test_the_creator_of_a_model_owns_it(place, schema, saved_models, as_ana):
    name = f"{schema}.mine"
    give("CATALOG", "main", Privilege.USE_CATALOG)
    give("SCHEMA", schema, Privilege.USE_SCHEMA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABRICKS_TOKEN", place.workspace.token_for(ANA))
        assert "CREATE MODEL on Schema" in denied(MlflowClient().create_registered_model, name)
    give("SCHEMA", schema, Privilege.CREATE_MODEL)
    as_ana()
    version = mlflow.register_model(str(saved_models[0]), name)
    assert version.user_id == ANA
    client = MlflowClient()
    client.set_registered_model_alias(name, "Champion", "1")
    assert client.get_model_version_by_alias(name, "Champion").version == "1"
    client.delete_registered_model(name)


def test_tags_need_apply_tag(place, schema, as_ana):
    name = f"{schema}.delay"
    MlflowClient().create_registered_model(name)
    give("CATALOG", "main", Privilege.USE_CATALOG)
    give("SCHEMA", schema, Privilege.USE_SCHEMA, Privilege.APPLY_TAG)
    as_ana()
    MlflowClient().set_registered_model_tag(name, "team", "ops")
    denied(MlflowClient().update_registered_model, name, "text")


def test_grants_are_read_back_and_inherited_ones_are_effective(place, schema, ana):
    name = f"{schema}.delay"
    MlflowClient().create_registered_model(name)
    give("SCHEMA", schema, Privilege.USE_SCHEMA)
    give("FUNCTION", name, Privilege.EXECUTE)
    grants = WorkspaceClient().grants
    privileges = {
        a.principal: a.privileges for a in grants.get("FUNCTION", name).privilege_assignments
    }
    assert privileges == {ANA: [Privilege.EXECUTE]}
    (effective,) = grants.get_effective("FUNCTION", name, principal=ANA).privilege_assignments
    inherited_from = {p.privilege: p.inherited_from_name for p in effective.privileges}
    assert inherited_from[Privilege.EXECUTE] is None
    assert inherited_from[Privilege.USE_SCHEMA] == schema
    assert [a.principal for a in grants.list("FUNCTION", name)] == [ANA]
    assert list(grants.list_effective("FUNCTION", name, principal=ANA)) == [effective]
    more = [PermissionsChange(principal=ANA, add=[Privilege.MANAGE])]
    with pytest.raises(PermissionDenied):
        ana.grants.update("FUNCTION", name, changes=more)


def test_grants_follow_a_renamed_model_and_end_with_a_deleted_one(place, schema):
    client, name = MlflowClient(), f"{schema}.delay"
    client.create_registered_model(name)
    give("FUNCTION", name, Privilege.EXECUTE)
    client.rename_registered_model(name, "late")
    grants = WorkspaceClient().grants
    assert grants.get("FUNCTION", f"{schema}.late").privilege_assignments[0].principal == ANA
    client.delete_registered_model(f"{schema}.late")
    client.create_registered_model(f"{schema}.late")
    assert not grants.get("FUNCTION", f"{schema}.late").privilege_assignments


def test_grants_on_what_is_not_there(place, schema):
    with pytest.raises(NotFound, match="does not exist"):
        give("FUNCTION", f"{schema}.nothing", Privilege.EXECUTE)
    with pytest.raises(NotFound, match="Schema 'main.nothing' does not exist"):
        give("SCHEMA", "main.nothing", Privilege.USE_SCHEMA)
    with pytest.raises(InvalidParameterValue, match="expected CATALOG, SCHEMA, TABLE or FUNCTION"):
        give("VOLUME", f"{schema}.nothing", Privilege.READ_VOLUME)


def test_the_file_holds_names_and_no_token(place):
    give("CATALOG", "prod", Privilege.BROWSE)
    text = (place.home.workspace_state / "governance.json").read_text()
    assert place.workspace.token not in text
    assert json.loads(text)["catalog prod"]["grants"] == {ANA: ["BROWSE"]}
