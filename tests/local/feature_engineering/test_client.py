"""The client: its keyword-only signatures."""

from __future__ import annotations

import pytest

from lakelab.local.feature_engineering import FeatureEngineeringClient

Client = FeatureEngineeringClient


def test_everything_is_keyword_only(fe: Client) -> None:
    with pytest.raises(TypeError, match="positional"):
        fe.get_table("weather")  # type: ignore[misc]
