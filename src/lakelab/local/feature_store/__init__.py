"""The legacy client, under the names of ``databricks.feature_store``.

Its package is deprecated; its modules are now part of ``databricks-feature-engineering`` and use the code
of the current client. On a laptop they are thin aliases, too: :mod:`lakelab.local.notebook.import_names`
resolves ``databricks.feature_store`` to this package, and its submodules ``entities`` and
``training_set`` to those of :mod:`lakelab.local.feature_engineering`.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/python-api
"""

from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
from lakelab.local.feature_store.client import FeatureStoreClient
from lakelab.local.feature_store.decorators import feature_table

__all__ = ["FeatureFunction", "FeatureLookup", "FeatureStoreClient", "feature_table"]
