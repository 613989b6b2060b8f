"""What the SQL statements use of a Spark session: a port, so that they know no engine."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.system.home import Home

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Session(Protocol):
    """A Spark session over the folders of Unity Catalog."""

    home: Home
    unity: WorkspaceCatalogs
    user: str

    @property
    def catalog(self) -> Any: ...
    @property
    def client(self) -> Any: ...
    @property
    def conf(self) -> Any: ...
    @property
    def udf(self) -> Any: ...
    def createDataFrame(self, data: Any, schema: Any = None) -> Any: ...
    def engine_sql(self, query: str, args: Any = None, **kwargs: Any) -> DataFrame: ...
    def add_catalog(self, catalog: str) -> None: ...
    def refresh_schema(self, name: TableName) -> None: ...
    def resolve(self, name: str) -> TableName: ...
    def internal_queries(self) -> AbstractContextManager[None]: ...
