"""Feature Engineering in Unity Catalog, under the names of ``databricks.feature_engineering``.

A lesson imports the official names; :mod:`lakelab.local.notebook.import_names` resolves them to this
package. Calls, results and error types are the same. The package works on the local Spark session and
on the Delta folders of :mod:`lakelab.local.catalog.store`.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/

Tested in ``tests/local/feature_engineering/test_unsupported.py``.
"""

from typing import Any

from lakelab.local.feature_engineering.client import FeatureEngineeringClient
from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
from lakelab.local.feature_engineering.entities.online_store import DatabricksOnlineStore
from lakelab.local.feature_engineering.online_stores import UNSET
from lakelab.local.feature_engineering.unsupported import raise_unsupported

__all__ = [
    "UNSET",
    "DatabricksOnlineStore",
    "FeatureEngineeringClient",
    "FeatureFunction",
    "FeatureLookup",
]


def __getattr__(name: str) -> Any:
    raise_unsupported(__name__, name)
