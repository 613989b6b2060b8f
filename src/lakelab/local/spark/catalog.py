"""``spark.catalog``, where the engine answers differently from Databricks, or not at all.

Follows https://api-docs.databricks.com/python/pyspark/latest/pyspark.sql/catalog.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pyspark.errors import AnalysisException
from pyspark.sql.catalog import CatalogMetadata, Column, Table
from pyspark.sql.connect.catalog import Catalog
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.types import StructType

from lakelab.local.catalog import conditions
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.names import quoted, split_levels
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.catalog.views import UnityView, Views
from lakelab.local.spark.new_tables import in_own_folder
from lakelab.local.sql.errors import analysis_error, spark_errors
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from pyspark.storagelevel import StorageLevel

_NO_VIEW = "cannot be found"
"""The engine's words for a temporary view that does not exist."""


def _if_exists(is_given: bool) -> str:
    return "IF EXISTS " if is_given else ""


def _view_columns(view: UnityView) -> list[Column]:
    return [
        Column(
            name=column.name,
            description=column.comment,
            dataType=column.sql_type,
            nullable=column.nullable,
            isPartition=False,
            isBucket=False,
            isCluster=False,
        )
        for column in view.columns
    ]


class LocalCatalog(Catalog):
    """The catalog of a session; its methods run the SQL statements of the same purpose.

    Parameters
    ----------
    session : LocalSparkSession
    """

    def __init__(self, session: SparkSession):
        super().__init__(session)
        self._cached: set[str] = set()
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

    def dropTempView(self, viewName: str) -> bool:
        """Drop a temporary view; return whether there was one."""
        try:
            return super().dropTempView(viewName)
        except AnalysisException as error:
            if _NO_VIEW not in str(error):
                raise
            return False

    def dropGlobalTempView(self, viewName: str) -> bool:
        """Drop a global temporary view; return whether there was one."""
        if not self.tableExists(f"global_temp.{viewName}"):
            return False
        super().dropGlobalTempView(viewName)
        return True

    def cacheTable(self, tableName: str, storageLevel: StorageLevel | None = None) -> None:
        """Mark a table or view as cached: the local engine reads it anew for each query.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table or view.
        """
        self._cached.add(self._cache_name(tableName))

    def isCached(self, tableName: str) -> bool:
        """Return whether a table or view is marked as cached.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table or view.
        """
        return self._cache_name(tableName) in self._cached

    def uncacheTable(self, tableName: str) -> None:
        """Remove the mark of a cached table or view.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table or view.
        """
        self._cached.discard(self._cache_name(tableName))

    def clearCache(self) -> None:
        """Remove the marks of all cached tables and views."""
        self._cached.clear()

    def _cache_name(self, name: str) -> str:
        """Return the name under which the mark of a table or view is kept, after a check that it exists."""
        if not self.tableExists(name):
            with spark_errors():
                self._session.unity.table(self._session.resolve(name))  # raises if there is none
        is_temporary = len(split_levels(name) or []) == 1 and super().getTable(name).isTemporary
        return name.lower() if is_temporary else str(self._session.resolve(name))

    def createDatabase(
        self, dbName: str, ifNotExists: bool = False, properties: dict[str, str] | None = None
    ) -> None:
        """Create a schema.

        Raises
        ------
        pyspark.errors.AnalysisException
            If the schema exists, or properties are given.
        """
        if properties:
            raise analysis_error(
                conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
                "The local engine does not support properties in spark.catalog.createDatabase. "
                "Leave them out. They are kept on Databricks.",
            )
        self._session.sql(f"CREATE SCHEMA {'IF NOT EXISTS ' if ifNotExists else ''}{dbName}")

    def dropDatabase(self, dbName: str, ifExists: bool = False, cascade: bool = False) -> None:
        """Drop a schema, with its tables if ``cascade`` is true.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such schema, or it is not empty.
        """
        end = " CASCADE" if cascade else ""
        self._session.sql(f"DROP SCHEMA {_if_exists(ifExists)}{dbName}{end}")

    def dropTable(self, tableName: str, ifExists: bool = False, purge: bool = False) -> None:
        """Drop a table.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table.
        """
        self._session.sql(f"DROP TABLE {_if_exists(ifExists)}{tableName}")

    def dropView(self, viewName: str, ifExists: bool = False) -> None:
        """Drop a view.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such view.
        """
        self._session.sql(f"DROP VIEW {_if_exists(ifExists)}{viewName}")

    def functionExists(self, functionName: str, dbName: str | None = None) -> bool:
        """Return whether there is a built-in, temporary or stored function of a name."""
        name = functionName if dbName is None else f"{dbName}.{functionName}"
        levels = split_levels(name.lower()) or []
        is_single = len(levels) == 1
        if is_single and levels[0] in self._session.temporary_functions:
            return True
        if is_single and self._session.engine_functions.has(levels[0]):
            return True
        return Functions(self._session.unity).exists(self._session.resolve(name))

    def listCatalogs(self, pattern: str | None = None) -> list[CatalogMetadata]:
        """List the catalogs that the user may know of."""
        like = f" LIKE {sql_literal(pattern)}" if pattern else ""
        rows = self._session.sql(f"SHOW CATALOGS{like}").collect()
        return [CatalogMetadata(name=row["catalog"], description=None) for row in rows]

    def getTable(self, tableName: str) -> Table:
        """Return what the catalog has about a table or view.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table or view.
        """
        table = super().getTable(tableName)
        if (view := self._view(tableName, table)) is not None:
            return table._replace(description=view.comment)
        stored = None if table.isTemporary else self._stored(tableName)
        if stored is None:
            return table
        return table._replace(description=stored.comment, tableType="MANAGED")

    def listColumns(self, tableName: str, dbName: str | None = None) -> list[Column]:
        """List the columns of a table or view.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table or view.
        """
        name = tableName if dbName is None else f"{dbName}.{tableName}"
        table = super().getTable(name)
        if (view := self._view(name, table)) is not None:
            return _view_columns(view)
        stored = None if table.isTemporary else self._stored(name)
        if stored is None:
            return super().listColumns(tableName, dbName)
        metadata = stored.delta.metadata()
        return [
            Column(
                name=field["name"],
                description=field["metadata"].get("comment"),
                dataType=sql_type(field["type"]),
                nullable=field["nullable"],
                isPartition=field["name"] in metadata.partition_columns,
                isBucket=False,
                isCluster=field["name"] in stored.clustering,
            )
            for field in stored.fields
        ]

    def _view(self, name: str, table: Table) -> UnityView | None:
        """Return a view of Unity Catalog; None for what else has the name."""
        full = self._session.resolve(name)
        if table.isTemporary or not self._session.unity.is_view(full):
            return None
        return Views(self._session.unity).get(full)

    def _stored(self, name: str) -> UnityTable | None:
        """Return a table of Unity Catalog; None for a view, which only the engine has."""
        full = self._session.resolve(name)
        return self._session.unity.table(full) if self._session.unity.exists(full) else None

    def createTable(
        self,
        tableName: str,
        path: str | None = None,
        source: str | None = None,
        schema: StructType | None = None,
        description: str | None = None,
        **options: str,
    ) -> DataFrame:
        """Create a table; without a path it is a managed one.

        Raises
        ------
        pyspark.errors.AnalysisException
            If the table exists.
        """
        is_managed = path is None and "path" not in options
        if not is_managed or (source or "delta").lower() != "delta":
            return super().createTable(tableName, path, source, schema, description, **options)
        with spark_errors():
            name = self._session.resolve(tableName)
            if self.tableExists(name.quoted):
                raise table_already_exists(name)
            with in_own_folder(self._session, name) as folder:
                super().createTable(tableName, str(folder), source, schema, description, **options)
        return cast(DataFrame, self._session.table(tableName))

    def refreshTable(self, tableName: str) -> None:
        """Read a table again; each query does that here, so only the name is checked.

        Raises
        ------
        pyspark.errors.AnalysisException
            If there is no such table.
        """
        self._session.sql(f"REFRESH TABLE {tableName}")
