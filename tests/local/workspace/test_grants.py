"""Who may do what, by the token of the call."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, PermissionDenied
from databricks.sdk.service.catalog import PermissionsChange, Privilege
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lakelab.local.workspace import EVERYONE, ApiError, Governance, Securable

ANA = "ana@example.com"
MODEL = Securable("function", "main.flights.delay")
SCHEMA = Securable("schema", "main.flights")
CATALOG = Securable("catalog", "main")


@pytest.fixture
def governance(tmp_path) -> Governance:
    return Governance(tmp_path / "governance.json", "admin@example.com")


def grant(governance, securable, *privileges, to=ANA):
    governance.change_grants(securable, to, add=privileges)


# ---- the rules -----------------------------------------------------------------------------------
def test_the_admin_may_do_all_and_others_nothing(governance):
    governance.require("admin@example.com", MODEL)
    assert not governance.may(ANA, MODEL, "EXECUTE")


def test_containers_must_be_usable_and_the_first_that_is_not_is_named(governance):
    grant(governance, MODEL, "EXECUTE")
    with pytest.raises(ApiError, match="USE CATALOG on Catalog 'main'"):
        governance.require(ANA, MODEL, "EXECUTE")
    grant(governance, CATALOG, "USE_CATALOG")
    with pytest.raises(ApiError, match="USE SCHEMA on Schema 'main.flights'"):
        governance.require(ANA, MODEL, "EXECUTE")
    grant(governance, SCHEMA, "USE_SCHEMA")
    governance.require(ANA, MODEL, "EXECUTE")
    with pytest.raises(ApiError, match="MANAGE on Routine or Model 'main.flights.delay'"):
        governance.require(ANA, MODEL)


@pytest.mark.parametrize("level", [CATALOG, SCHEMA])
def test_privileges_are_inherited(governance, level):
    grant(governance, CATALOG, "USE_CATALOG")
    grant(governance, SCHEMA, "USE_SCHEMA")
    grant(governance, level, "EXECUTE")
    assert governance.may(ANA, MODEL, "EXECUTE")
    assert not governance.may(ANA, Securable("function", "prod.flights.delay"), "EXECUTE")


def test_all_privileges_are_all_but_manage(governance):
    grant(governance, CATALOG, "ALL_PRIVILEGES")
    assert governance.may(ANA, MODEL, "EXECUTE")
    assert not governance.may(ANA, MODEL)
    grant(governance, CATALOG, "MANAGE")
    assert governance.may(ANA, MODEL)


def test_everyone_is_a_group(governance):
    grant(governance, CATALOG, "USE_CATALOG", "USE_SCHEMA", "EXECUTE", to=EVERYONE)
    assert governance.may(ANA, MODEL, "EXECUTE")


def test_owners_may_do_all_below(governance):
    governance.update(SCHEMA, owner=ANA)
    assert governance.may(ANA, MODEL)
    assert not governance.may(ANA, Securable("schema", "main.other"), "USE_SCHEMA")


def test_revoking_the_last_privilege_removes_the_principal(governance):
    grant(governance, MODEL, "execute", "APPLY TAG")
    assert governance.grants(MODEL) == {ANA: ["APPLY_TAG", "EXECUTE"]}
    governance.change_grants(MODEL, ANA, remove=["EXECUTE", "APPLY_TAG"])
    assert governance.grants(MODEL) == {}


def test_unknown_privileges_are_refused_and_nothing_is_written(governance):
    with pytest.raises(ApiError, match="FLY is not applicable.*EXECUTE"):
        governance.change_grants(MODEL, ANA, add=["EXECUTE", "FLY"])
    assert governance.grants(MODEL) == {}


def test_a_model_and_a_table_of_one_name_have_their_own_grants(governance):
    grant(governance, MODEL, "EXECUTE")
    assert governance.grants(Securable("table", MODEL.name)) == {}


def test_many_writers_lose_nothing(governance):
    others = [Governance(governance.path, governance.admin) for _ in range(8)]

    def write(number: int) -> None:
        for turn in range(5):
            grant(others[number], MODEL, "EXECUTE", to=f"user{number}-{turn}@example.com")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(governance.grants(MODEL)) == 40
    assert [p.name for p in governance.path.parent.glob(".*")] == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"catalog main": '])
def test_a_damaged_file_is_named_and_left_alone(governance, content):
    governance.path.write_text(content)
    with pytest.raises(ApiError, match=r"damaged: .*governance\.json"):
        governance.grants(MODEL)
    with pytest.raises(ApiError, match=r"damaged: .*governance\.json"):
        grant(governance, MODEL, "EXECUTE")
    assert governance.path.read_text() == content


# ---- through the clients --------------------------------------------------------------------------
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
    told = {a.principal: a.privileges for a in grants.get("FUNCTION", name).privilege_assignments}
    assert told == {ANA: [Privilege.EXECUTE]}
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
