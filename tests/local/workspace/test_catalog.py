"""Catalogs and schemas as the unmodified `databricks.sdk` sees them."""

from __future__ import annotations

import uuid

import mlflow
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service.catalog import (
    PermissionsChange,
    Privilege,
)
from mlflow import MlflowClient


@pytest.fixture
def client(place) -> WorkspaceClient:
    return WorkspaceClient()


def test_catalogs(client):
    name = f"c{uuid.uuid4().hex[:8]}"
    created = client.catalogs.create(name.upper(), comment="Trial")
    assert (created.name, created.comment, created.owner) == (name, "Trial", "learner@example.com")
    assert client.catalogs.get(name).comment == "Trial"
    assert {"main", "prod", name} <= {catalog.name for catalog in client.catalogs.list()}
    with pytest.raises(BadRequest, match="already exists"):
        client.catalogs.create(name)
    with pytest.raises(NotFound, match="Catalog 'nowhere' does not exist"):
        client.catalogs.get("nowhere")


def test_schemas(client, place, schema):
    catalog, _, existing = schema.partition(".")
    created = client.schemas.create(f"{existing}_new", catalog, comment="Trial")
    assert (created.full_name, created.catalog_name) == (f"{schema}_new", "main")
    assert client.schemas.get(f"{schema}_new").comment == "Trial"
    assert {existing, f"{existing}_new"} <= {s.name for s in client.schemas.list(catalog)}
    assert f"{existing}_new" in place.unity.schemas("main")
    with pytest.raises(BadRequest, match="already exists"):
        client.schemas.create(existing, catalog)
    with pytest.raises(NotFound, match="Catalog 'nowhere' does not exist"):
        client.schemas.create("x", "nowhere")
    with pytest.raises(NotFound, match="Schema 'main.nowhere' does not exist"):
        client.schemas.get("main.nowhere")


def test_catalogs_are_described_given_away_and_deleted(client, place):
    name = f"c{uuid.uuid4().hex[:8]}"
    client.catalogs.create(name)
    updated = client.catalogs.update(name, comment="Trial", owner="ana@example.com")
    assert (updated.comment, updated.owner) == ("Trial", "ana@example.com")
    assert client.catalogs.get(name).owner == "ana@example.com"
    with pytest.raises(BadRequest, match="keeps its name"):
        client.catalogs.update(name, new_name="other")
    client.schemas.create("s", name)
    with pytest.raises(BadRequest, match=r"is not empty. The catalog has 1 schema\(s\)"):
        client.catalogs.delete(name)
    MlflowClient().create_registered_model(f"{name}.s.delay")
    client.catalogs.delete(name, force=True)
    assert name not in place.unity.catalogs()
    for gone in (client.catalogs.get, client.catalogs.delete, client.catalogs.update):
        with pytest.raises(NotFound, match=f"Catalog '{name}' does not exist"):
            gone(name)
    client.catalogs.create(name)  # again: without the owner, the comment and the model
    assert (client.catalogs.get(name).owner, client.catalogs.get(name).comment) == (
        "learner@example.com",
        None,
    )
    client.schemas.create("s", name)
    with pytest.raises(NotFound):
        client.registered_models.get(f"{name}.s.delay")
    client.schemas.delete(f"{name}.s")
    client.catalogs.delete(name)


def test_schemas_are_described_given_away_and_deleted(client, place, schema, weather, saved_models):
    model = f"{schema}.delay"
    assert client.schemas.update(schema, comment="Flights").comment == "Flights"
    mlflow.register_model(str(saved_models[0]), model)
    other = f"{schema}_other"
    client.schemas.create(other.partition(".")[2], "main")
    mlflow.register_model(str(saved_models[0]), f"{other}.delay")
    with pytest.raises(BadRequest, match=r"1 table\(s\), 1 model\(s\)"):
        client.schemas.delete(schema)
    client.schemas.delete(schema, force=True)
    assert not place.unity.exists(weather.name)
    with pytest.raises(NotFound, match="does not exist"):
        client.schemas.get(schema)
    with pytest.raises(NotFound, match="does not exist"):
        client.schemas.delete(schema)
    folder = place.home.workspace_state / "models" / model.replace(".", "/")
    assert not list(folder.glob("*"))
    assert mlflow.pyfunc.load_model(f"models:/{other}.delay/1") is not None


def test_only_owners_change_and_delete(client, place, weather, schema):
    other = WorkspaceClient(
        host=place.workspace.url, token=place.workspace.token_for("carl@example.com")
    )
    for kind, name in [("CATALOG", "main"), ("SCHEMA", schema)]:
        use = Privilege.USE_CATALOG if kind == "CATALOG" else Privilege.USE_SCHEMA
        change = PermissionsChange(principal="carl@example.com", add=[use])
        client.grants.update(kind, name, changes=[change])
    for function, *arguments in [
        (other.catalogs.update, "main"),
        (other.catalogs.delete, "main"),
        (other.schemas.update, schema),
        (other.schemas.delete, schema),
        (other.tables.delete, str(weather.name)),
        (other.tables.update, str(weather.name)),
    ]:
        with pytest.raises(PermissionDenied, match="MANAGE"):
            function(*arguments)
    assert place.unity.exists(weather.name)


@pytest.mark.parametrize("name", ["../up", "a b", "a/b", "..", ".hidden"])
def test_names_that_lead_elsewhere_are_refused(client, place, name):
    before = sorted(place.home.root.rglob("*"))
    with pytest.raises(BadRequest):
        client.schemas.create(name, "main")
    with pytest.raises(BadRequest):
        client.catalogs.create(name)
    with pytest.raises(BadRequest):
        list(client.schemas.list(name))
    with pytest.raises(BadRequest):
        list(client.tables.list("main", name))
    assert [p for p in sorted(place.home.root.rglob("*")) if p not in before] == []
