"""PRIMARY KEY, CHECK, NOT NULL and DEFAULT in the metadata of a table."""

from __future__ import annotations

import pytest

from lakelab.local.catalog import constraints
from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import AlreadyExistsError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.delta.metadata import Metadata

TABLE = TableName("main", "flights", "weather")


@pytest.fixture
def metadata() -> Metadata:
    fields = [
        {"name": "Origin", "type": "string", "nullable": False, "metadata": {}},
        {"name": "ts", "type": "timestamp", "nullable": False, "metadata": {}},
        {"name": "temp", "type": "double", "nullable": True, "metadata": {}},
    ]
    return Metadata(fields, None, {"delta.constraints.warm": "temp > 0"}, [], "id", None, None)


def test_a_key_survives_its_property():
    key = PrimaryKey("pk", ("origin", "ts"), "ts")
    assert PrimaryKey.from_json(key.to_json()) == key


def test_a_key_is_spelled_as_the_columns_and_dropped_again(metadata):
    constraints.set_primary_key(metadata, PrimaryKey("pk", ("ORIGIN", "TS"), "TS"), TABLE)
    key = constraints.primary_key(metadata.configuration)
    assert key == PrimaryKey("pk", ("Origin", "ts"), "ts")
    with pytest.raises(AlreadyExistsError, match="already has the primary key 'pk'"):
        constraints.set_primary_key(metadata, PrimaryKey("other", ("ts",)), TABLE)
    constraints.set_primary_key(metadata, None, TABLE)
    assert constraints.primary_key(metadata.configuration) is None


def test_a_nullable_column_cannot_be_in_a_key(metadata):
    with pytest.raises(
        UnityCatalogError, match="`temp` is nullable.*ALTER COLUMN temp SET NOT NULL"
    ):
        constraints.set_primary_key(metadata, PrimaryKey("pk", ("temp",)), TABLE)
    assert constraints.primary_key(metadata.configuration) is None


def test_one_check_is_dropped(metadata):
    constraints.drop_check(metadata, "absent")
    assert constraints.check_constraints(metadata.configuration)
    constraints.drop_check(metadata, "warm")
    assert metadata.configuration == {}


def test_a_default_is_declared_and_dropped(metadata):
    constraints.set_default(metadata, "temp", "0.0")
    assert constraints.default(metadata.field("temp")) == "0.0"
    constraints.set_default(metadata, "temp", None)
    assert constraints.default(metadata.field("temp")) is None


@pytest.mark.parametrize(
    ("value", "allowed"), [("supported", True), ("Enabled", True), ("no", False)]
)
def test_a_property_allows_defaults(value, allowed):
    assert constraints.allows_defaults({"DELTA.feature.allowColumnDefaults": value}) is allowed
    assert not constraints.allows_defaults({})
