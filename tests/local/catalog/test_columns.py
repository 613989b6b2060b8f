"""Columns are found whatever their case, and added at their position."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.columns import add_columns, find_column, set_field_metadata
from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError
from lakelab.local.catalog.names import TableName
from lakelab.local.delta.metadata import Metadata

TABLE = TableName("main", "flights", "weather")


def field(name: str) -> dict:
    return {"name": name, "type": "long", "nullable": True, "metadata": {}}


def metadata(*names: str) -> Metadata:
    return Metadata([field(name) for name in names], None, {}, [], "id", None, None)


def test_case_does_not_matter():
    assert find_column([field("Temp")], "tEMP", TABLE)["name"] == "Temp"


def test_the_error_for_a_missing_column_lists_the_columns():
    with pytest.raises(NotFoundError, match="has no column 'x'. It has: a, b") as caught:
        find_column([field("a"), field("b")], "x", TABLE)
    assert caught.value.condition == "UNRESOLVED_COLUMN.WITH_SUGGESTION"


def test_columns_are_added_first_last_and_after_another():
    table = metadata("a", "b")
    add_columns(table, [field("first"), field("last"), field("mid")], ["", None, "A"], TABLE)
    assert [column["name"] for column in table.fields] == ["first", "a", "mid", "b", "last"]


def test_an_existing_column_is_not_added_again():
    with pytest.raises(AlreadyExistsError, match="`A` already exists"):
        add_columns(metadata("a"), [field("A")], [None], TABLE)


def test_an_entry_of_the_metadata_is_set_and_removed():
    column = field("a")
    set_field_metadata(column, "comment", "degrees")
    assert column["metadata"] == {"comment": "degrees"}
    set_field_metadata(column, "comment", None)
    assert column["metadata"] == {}
