"""The feature spec: its file, and the order of its columns."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame

from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureLookup,
)
from lakelab.local.feature_engineering.feature_spec import (
    FeatureColumn,
    FeatureSpec,
    FeatureSpecError,
    OnDemandColumn,
    SourceColumn,
    topological_order,
)

Client = FeatureEngineeringClient


HOUR = datetime.timedelta(hours=1)


def weather_lookup(**changes: Any) -> FeatureLookup:
    return FeatureLookup(
        **{
            "table_name": "weather",
            "lookup_key": "origin",
            "timestamp_lookup_key": "at",
            **changes,
        }
    )


def test_a_saved_spec_is_loaded_again(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame, tmp_path: Any
) -> None:
    spec = fe.create_training_set(
        df=flights,
        feature_lookups=[
            weather_lookup(lookback_window=HOUR, default_values={"wind": 0.5}),
            FeatureLookup("planes", "tailnum"),
        ],
        label="late",
        exclude_columns=["origin", "flight"],
    ).feature_spec
    spec.save(tmp_path)
    assert FeatureSpec.load(tmp_path) == spec
    for bad in (
        "",
        "input_columns: 3",
        "input_columns: [{x: {source: elsewhere, data_type: int}}]",
        ": : :",
    ):
        (tmp_path / "feature_spec.yaml").write_text(bad)
        with pytest.raises(FeatureSpecError, match=r"feature_spec\.yaml|elsewhere"):
            FeatureSpec.load(tmp_path)


def test_columns_follow_their_inputs() -> None:
    columns = [
        OnDemandColumn("b", "int", input_bindings=(("x", "a"),)),
        OnDemandColumn("a", "int", input_bindings=(("x", "s"),)),
        SourceColumn("s", "int"),
    ]
    assert topological_order(columns) == ["s", "a", "b"]
    looked_up = [FeatureColumn(n, "int", lookup_key=("s",)) for n in ("g", "f")]
    of_one = OnDemandColumn("c", "int", input_bindings=(("x", "f"),))
    assert topological_order([of_one, *looked_up, *columns]) == ["s", "a", "b", "f", "g", "c"]
    with pytest.raises(ValueError, match="'b' .from a"):
        topological_order([columns[0], columns[2]])
