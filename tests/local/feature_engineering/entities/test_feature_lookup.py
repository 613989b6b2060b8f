"""FeatureLookup: its attributes and its errors."""

from __future__ import annotations

import datetime
import logging
from typing import Any

import pytest

from lakelab.local.feature_engineering import FeatureLookup


def test_a_lookup_has_the_given_attributes() -> None:
    hour = datetime.timedelta(hours=1)
    lookup = FeatureLookup(
        "c.s.t",
        ["a", "b"],
        feature_names=["x", "y"],
        rename_outputs={"x": "z"},
        timestamp_lookup_key="at",
        lookback_window=hour,
        default_values={"z": 0},
    )
    assert (lookup.table_name, lookup.lookup_key) == ("c.s.t", ["a", "b"])
    assert (lookup.feature_names, lookup.output_of("x")) == (["x", "y"], "z")
    assert (lookup.timestamp_lookup_key, lookup.lookback_window) == ("at", hour)
    assert lookup.default_values == {"z": 0}


def test_names_can_be_a_string_or_absent() -> None:
    assert FeatureLookup("t", "k", feature_names="x").feature_names == ["x"]
    assert FeatureLookup("t", "k").feature_names == []
    assert FeatureLookup("t", "k", timestamp_lookup_key=["at"]).timestamp_lookup_key == "at"  # type: ignore[arg-type]


def test_the_deprecated_names_still_work(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        lookup = FeatureLookup("t", "k", feature_name="x", output_name="z")
    assert (lookup.feature_names, lookup.output_of("x")) == (["x"], "z")
    assert (lookup.feature_name, lookup.output_name) == ("x", "z")
    assert "feature_names" in caplog.text
    assert "rename_outputs" in caplog.text


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"feature_names": ["x"], "feature_name": "y"}, ValueError, "not both"),
    ({"feature_name": "x", "output_name": "y", "rename_outputs": {"x": "z"}}, ValueError, "both"),
    ({"feature_names": [["x"]]}, ValueError, "strings"),
    ({"rename_outputs": [("x", "y")]}, ValueError, "dictionary"),
    ({"timestamp_lookup_key": ["a", "b"]}, ValueError, "one column"),
    ({"lookback_window": datetime.timedelta(1)}, ValueError, "timestamp_lookup_key"),
    ({"timestamp_lookup_key": "at", "lookback_window": 60}, ValueError, "timedelta"),
    (
        {"timestamp_lookup_key": "at", "lookback_window": datetime.timedelta(-1)},
        ValueError,
        "negative",
    ),
    ({"default_values": [1]}, ValueError, "dictionary"),
    ({"feature_names": "x", "default_values": {"y": 1}}, ValueError, "'y'"),
    (
        {"feature_names": "x", "rename_outputs": {"x": "z"}, "default_values": {"x": 1}},
        ValueError,
        "'z'",
    ),
    ({"feature_nmes": "x"}, TypeError, "feature_nmes"),
]


@pytest.mark.parametrize(("arguments", "error", "names"), REFUSED, ids=lambda v: str(v)[:40])
def test_invalid_arguments_of_a_lookup_raise(
    arguments: dict[str, Any], error: type[Exception], names: str
) -> None:
    with pytest.raises(error, match=names):
        FeatureLookup("t", "k", **arguments)
