"""A snapshot shows a table as of one version; a damaged log is an error of its own."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError

from lakelab.local.catalog.errors import DamagedTableError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.snapshot import TableSnapshot

NAME = TableName("main", "flights", "weather")


@pytest.fixture
def folder(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1]}), description="Weather")
    write_deltalake(tmp_path, pa.table({"id": [2], "x": [3]}), mode="append", schema_mode="merge")
    return tmp_path


def test_an_old_version_has_its_own_columns(folder):
    assert [field["name"] for field in TableSnapshot(NAME, folder).fields] == ["id", "x"]
    old = TableSnapshot(NAME, folder, 0)
    assert [field["name"] for field in old.fields] == ["id"]
    assert (old.version, old.comment) == (0, "Weather")


def test_a_plain_delta_table_has_nothing_of_unity_catalog(folder):
    table = TableSnapshot(NAME, folder)
    assert (table.primary_key, table.tags, table.column_tags) == (None, {}, {})
    assert (table.clustering, table.checks, table.properties) == ([], {}, {})
    assert table.change_data_feed is False
    assert table.default("ID") is None


def test_a_missing_version_is_an_error_of_the_delta_library(folder):
    with pytest.raises(DeltaError) as caught:
        TableSnapshot(NAME, folder, 7)
    assert not isinstance(caught.value, DamagedTableError)


def test_a_damaged_log_is_named(folder):
    for commit in (folder / "_delta_log").glob("*.json"):
        commit.write_text("no json")
    with pytest.raises(DamagedTableError, match="DROP TABLE main.flights.weather"):
        TableSnapshot(NAME, folder)
