"""The online store: the latest row for each key of a feature table, in a database for fast lookups.

On Databricks the database is a PostgreSQL of the platform (Lakebase). Here it is SQLite in the home of
the lab, or the PostgreSQL of the environment variable ``LAKELAB_ONLINE_STORE``.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/online-feature-store
"""

from lakelab.local.online_store.lookup import OnlineTable
from lakelab.local.online_store.publish import Published, PublishMode
from lakelab.local.online_store.stores import OnlineStore, OnlineStores

__all__ = ["OnlineStore", "OnlineStores", "OnlineTable", "PublishMode", "Published"]
