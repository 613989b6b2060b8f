"""The methods of the official client that work in a workspace only."""

from __future__ import annotations

import pytest

from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.feature_engineering.unsupported import UNSUPPORTED_METHODS

Client = FeatureEngineeringClient


@pytest.mark.parametrize("method", sorted(UNSUPPORTED_METHODS))
def test_an_unsupported_method_raises_not_implemented(fe: Client, method: str) -> None:
    call = getattr(fe, method)
    with pytest.raises(NotImplementedError, match=rf"{method} works in a Databricks workspace"):
        call(name="x")


def test_an_unknown_name_is_an_attribute_error(fe: Client) -> None:
    with pytest.raises(AttributeError, match="no attribute 'creat_table'"):
        fe.creat_table  # noqa: B018
