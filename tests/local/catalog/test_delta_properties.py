"""The properties that Delta defines: others with its prefix are refused, and values that Delta would refuse."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.delta_properties import canonical_name, check_delta_property
from lakelab.local.catalog.errors import UnityCatalogError


@pytest.mark.parametrize("name", ["delta.nope", "DELTA.x", "delta."])
def test_a_property_that_delta_does_not_have_is_refused(name):
    with pytest.raises(UnityCatalogError, match="Unknown configuration was specified") as refused:
        check_delta_property(name, "1")
    assert refused.value.condition == "DELTA_UNKNOWN_CONFIGURATION"


def test_a_user_may_have_any_property_without_the_prefix():
    check_delta_property("appendOnly", "perhaps")
    check_delta_property("deltas.x", "perhaps")


@pytest.mark.parametrize("value", ["abc", "", "30", "interval", "30 dayz", "days 30"])
def test_a_text_that_is_no_interval_is_refused(value):
    with pytest.raises(UnityCatalogError) as refused:
        check_delta_property("delta.logRetentionDuration", value)
    assert refused.value.condition == "DELTA_INVALID_INTERVAL"


@pytest.mark.parametrize("value", ["interval 1 month", "1 year", "interval -1 day"])
def test_an_interval_without_a_fixed_length_is_refused(value):
    with pytest.raises(UnityCatalogError, match="365 days") as refused:
        check_delta_property("delta.deletedFileRetentionDuration", value)
    assert refused.value.condition == "DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("logRetentionDuration", "30 days"),
        ("deletedFileRetentionDuration", "INTERVAL 1 week 2 DAYS"),
        ("checkpointInterval", "10"),
        ("dataSkippingNumIndexedCols", "-1"),
        ("dataSkippingStatsColumns", "a, b"),
        ("isolationLevel", "WriteSerializable"),
        ("autoOptimize.autoCompact", "auto"),
        ("targetFileSize", "100mb"),
        ("targetFileSize", "104857600"),
        ("minWriterVersion", "7"),
        ("appendonly", "TRUE"),
    ],
)
def test_values_that_delta_takes(name, value):
    check_delta_property(f"delta.{name}", value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("checkpointInterval", "0", "positive"),
        ("checkpointInterval", "x", "positive"),
        ("dataSkippingNumIndexedCols", "-2", "larger than or equal to -1"),
        ("isolationLevel", "Snapshot", "Serializable"),
        ("targetFileSize", "big", "104857600"),
        ("minReaderVersion", "9", "one of 1, 2, 3"),
        ("checkpointPolicy", "v9", "classic, v2"),
        ("appendOnly", "perhaps", "true or false"),
    ],
)
def test_values_that_delta_refuses(name, value, words):
    with pytest.raises(UnityCatalogError, match=words) as refused:
        check_delta_property(f"delta.{name}", value)
    assert refused.value.condition == "DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED"


def test_case_does_not_matter_for_the_properties_of_delta():
    assert canonical_name("delta.ENABLECHANGEDATAFEED") == "delta.enableChangeDataFeed"
    assert canonical_name("Owner") == "Owner"
