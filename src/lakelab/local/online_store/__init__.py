"""The online store: the latest row for each key of a feature table, in a database for fast lookups.

On Databricks it is a PostgreSQL of the platform (Lakebase). Here it is SQLite in the lab's home, or the
PostgreSQL that the variable ``LAKELAB_ONLINE_STORE`` names.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/online-feature-store
"""

from lakelab.local.online_store.lookup import OnlineTable
from lakelab.local.online_store.publish import Published, PublishMode
from lakelab.local.online_store.stores import OnlineStore, OnlineStores

__all__ = ["OnlineStore", "OnlineStores", "OnlineTable", "PublishMode", "Published"]
