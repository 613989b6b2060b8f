"""``spark.catalog``, where the engine answers differently from Databricks, or not at all.

Follows https://api-docs.databricks.com/python/pyspark/latest/pyspark.sql/catalog.html
"""

from __future__ import annotations

from pyspark.sql.catalog import CatalogMetadata
from pyspark.sql.connect.catalog import Catalog
from pyspark.sql.connect.session import SparkSession

from lakelab.local.catalog.names import quoted
from lakelab.local.sql.text import sql_literal


class LocalCatalog(Catalog):
    """The catalog of a session; its methods run the SQL statements of the same purpose.

    Parameters
    ----------
    session : LocalSparkSession
    """

    def __init__(self, session: SparkSession):
        super().__init__(session)
        self._session = session

    def setCurrentCatalog(self, catalogName: str) -> None:
        """Make a catalog the current one, and its ``default`` the current schema.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such catalog.
        """
        self._session.sql(f"USE CATALOG {quoted(catalogName)}")

    def setCurrentDatabase(self, dbName: str) -> None:
        """Make a schema the current one: of the current catalog, or ``catalog.schema``.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such schema.
        """
        self._session.sql(f"USE SCHEMA {dbName}")

    def listCatalogs(self, pattern: str | None = None) -> list[CatalogMetadata]:
        """List the catalogs that the user may know of."""
        like = f" LIKE {sql_literal(pattern)}" if pattern else ""
        rows = self._session.sql(f"SHOW CATALOGS{like}").collect()
        return [CatalogMetadata(name=row["catalog"], description=None) for row in rows]

    def refreshTable(self, tableName: str) -> None:
        """Read a table again; each query does that here, so only the name is checked.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table.
        """
        self._session.sql(f"REFRESH TABLE {tableName}")
