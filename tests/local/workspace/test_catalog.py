"""Catalogs, schemas, tables and models as the unmodified `databricks.sdk` sees them."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal

import mlflow
import pyarrow as pa
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service.catalog import (
    ColumnTypeName,
    ModelVersionInfoStatus,
    PermissionsChange,
    Privilege,
)
from deltalake import write_deltalake
from mlflow import MlflowClient

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.table import UnityTable


@pytest.fixture
def client(place) -> WorkspaceClient:
    return WorkspaceClient()


@pytest.fixture
def weather(place, schema) -> UnityTable:
    name = TableName.parse(f"{schema}.weather")
    columns = pa.schema(
        [
            pa.field("origin", pa.string(), nullable=False),
            pa.field("ts", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("temp", pa.float64()),
            pa.field("flights", pa.int64()),
            pa.field("cost", pa.decimal128(10, 2)),
            pa.field("gusts", pa.list_(pa.int32())),
        ]
    )
    row = {
        "origin": "JFK",
        "ts": 0,
        "temp": 1.0,
        "flights": 3,
        "cost": Decimal("1.00"),
        "gusts": [1],
    }
    write_deltalake(place.unity.path(name), pa.Table.from_pylist([row], schema=columns))
    table = place.unity.table(name)
    table.set_primary_key(PrimaryKey("weather_pk", ("origin", "ts"), "ts"))
    table.set_comment("Hourly weather")
    table.set_column_comment("temp", "Degrees Celsius")
    table.delta.alter.set_table_properties({"delta.appendOnly": "false"})
    return table


def test_current_user(client, place):
    assert client.current_user.me().user_name == "learner@example.com"
    other = WorkspaceClient(
        host=place.workspace.url, token=place.workspace.token_for("ana@example.com")
    )
    assert other.current_user.me().user_name == "ana@example.com"


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
    client.catalogs.create(name)  # anew: the owner, the comment and the model are gone
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
    with pytest.raises(BadRequest, match=r"has 1 table\(s\), 1 function\(s\)"):
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


def test_tables_are_given_away_and_deleted(client, place, weather):
    name = str(weather.name)
    client.tables.update(name, owner="ana@example.com")
    assert client.tables.get(name).owner == "ana@example.com"
    client.tables.delete(name)
    assert not place.unity.exists(weather.name)
    with pytest.raises(NotFound, match=f"Table '{name}' does not exist"):
        client.tables.delete(name)


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


def test_table(client, weather):
    table = client.tables.get(str(weather.name).upper())
    assert (table.name, table.full_name) == ("weather", str(weather.name))
    assert table.comment == "Hourly weather"
    assert table.properties["delta.appendOnly"] == "false"
    assert not any(key.startswith("uc.") for key in table.properties)
    columns = {column.name: column for column in table.columns}
    assert list(columns) == ["origin", "ts", "temp", "flights", "cost", "gusts"]
    assert [c.position for c in table.columns] == [0, 1, 2, 3, 4, 5]
    assert (columns["origin"].nullable, columns["temp"].nullable) == (False, True)
    assert columns["temp"].comment == "Degrees Celsius"
    types = {name: (column.type_text, column.type_name) for name, column in columns.items()}
    assert types == {
        "origin": ("string", ColumnTypeName.STRING),
        "ts": ("timestamp", ColumnTypeName.TIMESTAMP),
        "temp": ("double", ColumnTypeName.DOUBLE),
        "flights": ("bigint", ColumnTypeName.LONG),
        "cost": ("decimal(10,2)", ColumnTypeName.DECIMAL),
        "gusts": ("array<int>", ColumnTypeName.ARRAY),
    }
    assert (columns["cost"].type_precision, columns["cost"].type_scale) == (10, 2)
    (constraint,) = table.table_constraints
    key = constraint.primary_key_constraint
    assert (key.name, key.child_columns, key.timeseries_columns) == (
        "weather_pk",
        ["origin", "ts"],
        ["ts"],
    )


def test_tables_list_and_exist(client, weather, schema):
    catalog, _, name = schema.partition(".")
    (listed,) = client.tables.list(catalog, name)
    assert listed.full_name == str(weather.name)
    assert not listed.table_constraints, "a list leaves them out, as officially"
    assert client.tables.exists(str(weather.name)).table_exists is True
    assert client.tables.exists(f"{schema}.nothing").table_exists is False
    with pytest.raises(NotFound, match=r"Table 'main\..*\.nothing' does not exist"):
        client.tables.get(f"{schema}.nothing")
    with pytest.raises(NotFound, match="Schema 'main.nowhere' does not exist"):
        list(client.tables.list("main", "nowhere"))


def test_a_broken_table_is_named_and_hides_no_other(client, place, weather, schema):
    broken = place.unity.path(TableName.parse(f"{schema}.broken")) / "_delta_log"
    broken.mkdir(parents=True)
    (broken / "00000000000000000000.json").write_text("no json\n")
    with pytest.raises(BadRequest, match="Delta log.*broken"):
        client.tables.get(f"{schema}.broken")
    catalog, _, name = schema.partition(".")
    listed = {table.name: table.columns for table in client.tables.list(catalog, name)}
    assert set(listed) == {"broken", "weather"}
    assert len(listed["weather"]) == 6


def test_tables_need_select(place, weather):
    other = WorkspaceClient(
        host=place.workspace.url, token=place.workspace.token_for("bob@example.com")
    )
    with pytest.raises(PermissionDenied, match="USE CATALOG"):
        other.tables.get(str(weather.name))
    assert [c.name for c in other.catalogs.list()] == []
    with pytest.raises(PermissionDenied, match="CREATE CATALOG"):
        other.catalogs.create("bobs")
    with pytest.raises(PermissionDenied, match="CREATE SCHEMA"):
        other.schemas.create("bobs", "main")


def test_models(client, schema, saved_models):
    name = f"{schema}.delay"
    catalog, schema_name, _ = name.split(".")
    created = client.registered_models.create(
        catalog_name=catalog, schema_name=schema_name, name="delay", comment="Delays"
    )
    assert created.full_name == name
    version = mlflow.register_model(str(saved_models[0]), name)
    alias = client.registered_models.set_alias(name, "Champion", int(version.version))
    assert (alias.alias_name, alias.version_num) == ("Champion", 1)
    listed = list(client.registered_models.list(catalog_name=catalog, schema_name=schema_name))
    assert [model.full_name for model in listed] == [name]
    model = client.registered_models.get(name)
    assert (model.comment, model.owner) == ("Delays", "learner@example.com")
    assert [(a.alias_name, a.version_num) for a in model.aliases] == [("Champion", 1)]
    assert client.registered_models.update(name, comment="Late").comment == "Late"
    (one,) = client.model_versions.list(name)
    assert (one.version, one.status) == (1, ModelVersionInfoStatus.READY)
    assert client.model_versions.get_by_alias(name, "Champion").version == 1
    client.model_versions.update(name, 1, comment="First")
    assert client.model_versions.get(name, 1).comment == "First"
    client.registered_models.delete_alias(name, "Champion")
    with pytest.raises(NotFound):
        client.model_versions.get_by_alias(name, "Champion")
    client.model_versions.delete(name, 1)
    client.registered_models.delete(name)
    with pytest.raises(NotFound, match="does not exist"):
        client.registered_models.get(name)


def test_calls_that_only_databricks_answers_say_so(client):
    with pytest.raises(NotFound, match="may exist on Databricks"):
        list(client.clusters.list())


def test_nested_types_are_written_as_in_sql():
    from lakelab.local.catalog.types import sql_type

    nested = json.loads(
        """{"type": "struct", "fields": [
            {"name": "a", "type": {"type": "map", "keyType": "string", "valueType": "long"}},
            {"name": "b", "type": "short"}]}"""
    )
    assert sql_type(nested) == "struct<a:map<string,bigint>,b:smallint>"
