"""Tags are merged within the limits of Unity Catalog."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.tags import column_tags, merge_tags, table_tags


def test_tags_are_read_from_the_properties():
    assert table_tags({"uc.tags": '{"team": "ops"}'}) == {"team": "ops"}
    assert column_tags({"uc.columnTags": '{"id": {"pii": "no"}}'}) == {"id": {"pii": "no"}}
    assert (table_tags({}), column_tags({})) == ({}, {})


@pytest.mark.parametrize("key", ["", "a.b", "a,b", "a-b", "a=b", "a/b", "a:b", "k" * 256])
def test_invalid_keys_are_refused(key):
    with pytest.raises(UnityCatalogError, match="is not a valid tag"):
        merge_tags({}, {key: "value"})


def test_values_have_at_most_a_thousand_characters():
    assert merge_tags({}, {"k" * 255: "v" * 1000})
    with pytest.raises(UnityCatalogError, match="a value at most 1,000"):
        merge_tags({}, {"key": "v" * 1001})


def test_an_object_has_at_most_fifty_tags():
    fifty = {f"k{number}": "" for number in range(50)}
    assert merge_tags(fifty, {"k0": "changed"})["k0"] == "changed"
    with pytest.raises(UnityCatalogError, match="51 tags are too many"):
        merge_tags(fifty, {"one_more": ""})
