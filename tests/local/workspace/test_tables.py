"""Tables as the unmodified `databricks.sdk` sees them."""

from __future__ import annotations

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service.catalog import (
    ColumnTypeName,
    TableType,
)

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.views import UnityView, ViewColumn, Views


@pytest.fixture
def client(place) -> WorkspaceClient:
    return WorkspaceClient()


def test_tables_are_given_away_and_deleted(client, place, weather):
    name = str(weather.name)
    client.tables.update(name, owner="ana@example.com")
    assert client.tables.get(name).owner == "ana@example.com"
    client.tables.delete(name)
    assert not place.unity.exists(weather.name)
    with pytest.raises(NotFound, match=f"Table '{name}' does not exist"):
        client.tables.delete(name)


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


def test_view(client, place, schema):
    name = TableName(*schema.split("."), "v")
    columns = (ViewColumn("a", "integer", True, "the a"), ViewColumn("b", "decimal(9,2)"))
    view = UnityView(name, "SELECT a, b FROM t", *schema.split("."), columns, ("a", "b"), "about")
    Views(place.unity).create(view)
    (listed,) = client.tables.list(*schema.split("."))
    assert (listed.name, listed.table_type) == ("v", TableType.VIEW)
    found = client.tables.get(str(name))
    assert (found.table_type, found.view_definition) == (TableType.VIEW, "SELECT a, b FROM t")
    assert (found.comment, found.storage_location) == ("about", None)
    assert [(c.name, c.type_text, c.comment) for c in found.columns] == [
        ("a", "int", "the a"),
        ("b", "decimal(9,2)", None),
    ]
    assert client.tables.exists(str(name)).table_exists
    client.tables.delete(str(name))
    assert not client.tables.exists(str(name)).table_exists
