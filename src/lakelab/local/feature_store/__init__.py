"""The legacy client, under the names of ``databricks.feature_store``.

Its package is deprecated; its modules live on in ``databricks-feature-engineering``, over the same code
as the client of today. On a laptop they are thin aliases, too: :mod:`lakelab.local.notebook.import_names` sends
``databricks.feature_store`` here, and its submodules ``entities`` and ``training_set`` straight to those
of :mod:`lakelab.local.feature_engineering`.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/python-api
"""

from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
from lakelab.local.feature_store.client import FeatureStoreClient
from lakelab.local.feature_store.decorators import feature_table

__all__ = ["FeatureFunction", "FeatureLookup", "FeatureStoreClient", "feature_table"]
