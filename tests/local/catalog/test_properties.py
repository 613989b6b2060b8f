"""Table properties: internal ones are hidden, and properties that a laptop lacks are refused."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.properties import (
    INTERNAL_PROPERTIES,
    check_properties,
    clustering_columns,
    restore_properties,
    store_skipping_properties,
    stored_name,
    user_properties,
)


def test_internal_properties_are_hidden():
    configuration = dict.fromkeys(INTERNAL_PROPERTIES, "{}") | {"delta.appendOnly": "true"}
    assert user_properties(configuration) == {
        "delta.appendOnly": "true",
        "delta.dataSkippingNumIndexedCols": "{}",
        "delta.dataSkippingStatsColumns": "{}",
        "delta.enableChangeDataFeed": "{}",
    }


def test_the_change_data_feed_is_stored_under_another_name_and_shown_under_its_own():
    stored = {stored_name("delta.enableChangeDataFeed"): "true"}
    assert "delta.enableChangeDataFeed" not in stored
    assert list(stored) == [stored_name("DELTA.enablechangedatafeed")]
    assert user_properties(stored) == {"delta.enableChangeDataFeed": "true"}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"delta.appendOnly": "perhaps"}, "expected true or false"),
        ({"delta.dataSkippingNumIndexedCols": "-2"}, "larger than or equal to -1"),
        ({"DELTA.ENABLECHANGEDATAFEED": "1"}, "expected true or false"),
        ({"delta.constraints.c": "x > 0"}, "ALTER TABLE ADD CONSTRAINT"),
        ({"delta.nope": "1"}, "Unknown configuration"),
        ({"delta.columnMapping.mode": "name"}, "Column mapping .*'name'.* is not supported"),
    ],
)
def test_invalid_properties_are_refused(properties, message):
    with pytest.raises(UnityCatalogError, match=message):
        check_properties(properties)


def test_valid_properties_are_accepted():
    check_properties({"delta.feature.anything": "supported"})
    check_properties({"delta.appendOnly": "TRUE", "delta.columnMapping.mode": "none", "my": "own"})


def test_properties_for_data_skipping_of_another_program_are_stored_under_other_names():
    given = {"delta.dataskippingstatscolumns": "a", "delta.appendOnly": "true"}
    stored = store_skipping_properties(given)
    assert stored == {"uc.dataSkippingStatsColumns": "a", "delta.appendOnly": "true"}
    assert user_properties(stored)["delta.dataSkippingStatsColumns"] == "a"


def test_a_restore_keeps_the_current_internal_properties():
    old = {"a": "old", "uc.tags": "old", "uc.clusterBy": "old"}
    current = {"a": "new", "b": "new", "uc.tags": "new"}
    assert restore_properties(old, current) == {"a": "old", "uc.tags": "new"}


def test_a_table_without_clustering_has_no_clustering_columns():
    assert clustering_columns({}) == []
    assert clustering_columns({"uc.clusterBy": '["a", "b"]'}) == ["a", "b"]
