"""Columns are found whatever their case, and added at their position."""

from __future__ import annotations

import pytest
from pyspark.sql.types import ArrayType, IntegerType, MapType, StructField, StructType

from lakelab.local.catalog.columns import (
    add_columns,
    check_column_names,
    find_column,
    set_field_metadata,
)
from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
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


@pytest.mark.parametrize("character", [" ", ",", ";", "{", "}", "(", ")", "\n", "\t", "="])
def test_a_character_that_no_parquet_column_has_is_refused(character: str):
    with pytest.raises(UnityCatalogError, match="(?s)Invalid column names: a.b,") as caught:
        check_column_names(["ok", f"a{character}b", "c d"])
    assert caught.value.condition == "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES"
    with pytest.raises(UnityCatalogError, match="(?s)Invalid column names: a.b"):
        add_columns(metadata("a"), [field(f"a{character}b")], [None], TABLE)


def test_other_characters_are_names():
    check_column_names(["a-b", "a.b", "a`b", "ä", "a/b", "1"])


def nested(*names: str) -> StructType:
    return StructType([StructField(name, IntegerType()) for name in names])


@pytest.mark.parametrize(
    "kind",
    [
        nested("a", "A"),
        ArrayType(nested("a", "A")),
        MapType(IntegerType(), nested("a", "A")),
        MapType(nested("a", "A"), IntegerType()),
        StructType([StructField("s", ArrayType(nested("a", "A")))]),
    ],
)
def test_two_fields_of_a_struct_differ_in_more_than_case(kind):
    schema = StructType([StructField("x", kind)])
    for columns in (schema, schema.jsonValue()["fields"]):
        with pytest.raises(UnityCatalogError, match="`a` already exists") as caught:
            check_column_names(columns)
        assert caught.value.condition == "COLUMN_ALREADY_EXISTS"


def test_nested_names_have_no_invalid_characters():
    with pytest.raises(UnityCatalogError, match="(?s)Invalid column names: a.b"):
        check_column_names(StructType([StructField("x", ArrayType(nested("a b")))]))


def test_a_field_may_have_the_name_of_a_column():
    check_column_names(StructType([StructField("a", nested("a")), StructField("b", nested("a"))]))


def struct_table() -> Metadata:
    struct = {"type": "struct", "fields": [field("a"), field("z")]}
    table = metadata("i", "s", "r", "m")
    table.fields[1]["type"] = struct
    table.fields[2]["type"] = {"type": "array", "elementType": dict(struct, fields=[field("a")])}
    inner = dict(struct, fields=[field("a") | {"type": dict(struct, fields=[field("b")])}])
    table.fields[3]["type"] = {"type": "map", "keyType": "string", "valueType": inner}
    return table


def test_fields_are_added_to_structs_wherever_they_are():
    table = struct_table()
    new = [field("b"), field("c"), field("d"), field("e")]
    parents = [["S"], ["r", "element"], ["m", "value", "a"], []]
    add_columns(table, new, ["A", "", None, None], TABLE, parents)
    types = {column["name"]: column["type"] for column in table.fields}
    assert [f["name"] for f in types["s"]["fields"]] == ["a", "b", "z"]
    assert [f["name"] for f in types["r"]["elementType"]["fields"]] == ["c", "a"]
    (inner,) = types["m"]["valueType"]["fields"]
    assert [f["name"] for f in inner["type"]["fields"]] == ["b", "d"]
    assert types["e"] == "long"


@pytest.mark.parametrize(
    ("parent", "condition", "words"),
    [
        (["nope"], "UNRESOLVED_COLUMN.WITH_SUGGESTION", "no column 'nope'"),
        (["s", "nope"], "UNRESOLVED_COLUMN.WITH_SUGGESTION", "no column 'nope'. It has: a, z"),
        (["i"], "INVALID_FIELD_NAME", "`i` is not a struct"),
        (["r"], "INVALID_FIELD_NAME", "`r` is not a struct. Its items are at `element`"),
        (["m", "nope"], "INVALID_FIELD_NAME", "`m`.`nope` is invalid: `m` is not a struct"),
    ],
)
def test_a_parent_that_is_no_struct_is_refused(parent, condition, words):
    with pytest.raises(UnityCatalogError, match=words) as refused:
        add_columns(struct_table(), [field("b")], [None], TABLE, [parent])
    assert refused.value.condition == condition


def test_an_existing_field_is_not_added_again():
    with pytest.raises(AlreadyExistsError, match="`s`.`A` already exists"):
        add_columns(struct_table(), [field("A")], [None], TABLE, [["s"]])
