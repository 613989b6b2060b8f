"""The value classes of the client, under the names of ``databricks.feature_engineering.entities``.

Tested in ``tests/local/feature_engineering/test_unsupported.py``.
"""

from typing import Any

from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
from lakelab.local.feature_engineering.entities.feature_table import FeatureTable
from lakelab.local.feature_engineering.unsupported import raise_unsupported

__all__ = ["FeatureFunction", "FeatureLookup", "FeatureTable"]


def __getattr__(name: str) -> Any:
    raise_unsupported(__name__, name)
