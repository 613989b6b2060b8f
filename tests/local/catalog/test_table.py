"""A table commits changes of its metadata to its Delta log, also while others write."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog

NAME = TableName("main", "flights", "weather")
ROWS = pa.table({"origin": ["EWR", "JFK"], "temp": [39.0, None]})


@pytest.fixture
def unity(tmp_path) -> UnityCatalog:
    unity = UnityCatalog(tmp_path)
    unity.create_catalog("main")
    unity.create_schema("main", "flights")
    return unity


def test_keys_tags_and_comments_are_in_the_delta_log(unity, tmp_path):
    write_deltalake(unity.path(NAME), ROWS)
    table = unity.table(NAME)
    table.set_not_null("ORIGIN")
    table.set_primary_key(PrimaryKey("weather_pk", ("Origin",)))
    table.set_tags({"team": "ops"})
    table.set_comment("Weather")
    table.set_column_comment("temp", "degrees Fahrenheit")

    copy = UnityCatalog(tmp_path).table(NAME)  # another process
    assert copy.primary_key == PrimaryKey("weather_pk", ("origin",))
    assert (copy.tags, copy.comment) == ({"team": "ops"}, "Weather")
    assert copy.field("temp")["metadata"] == {"comment": "degrees Fahrenheit"}
    assert copy.properties == {}
    assert copy.delta.to_pyarrow_table().num_rows == 2


def test_not_null_is_set_even_if_another_writer_commits_first(unity):
    write_deltalake(unity.path(NAME), ROWS)
    table = unity.table(NAME)
    write_deltalake(unity.path(NAME), ROWS, mode="append")  # the table has moved on
    table.set_not_null("origin")
    now = unity.table(NAME)
    assert now.field("origin")["nullable"] is False
    assert now.version == 2
    assert now.delta.to_pyarrow_table().num_rows == 4
