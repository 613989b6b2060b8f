"""The part of a Spark session that SQL statements and the steps of the Spark client use: a protocol.

The statements know no engine and no module of ``lakelab.local.spark``.

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.system.home import Home

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.catalog import Catalog
    from pyspark.sql.connect.client import SparkConnectClient
    from pyspark.sql.connect.conf import RuntimeConf
    from pyspark.sql.connect.readwriter import DataFrameReader
    from pyspark.sql.connect.udf import UDFRegistration

    from lakelab.local.catalog.functions import UnityFunction
    from lakelab.local.sql.session_variables import SessionVariables


class FunctionRegistry(Protocol):
    """The functions of the engine (see :class:`lakelab.local.sql.engine_functions.EngineFunctions`)."""

    def has(self, name: str) -> bool: ...
    def register(self, function: UnityFunction) -> str: ...


class Session(Protocol):
    """A Spark session whose tables are the folders of Unity Catalog."""

    home: Home
    unity: WorkspaceCatalogs
    variables: SessionVariables
    temporary_functions: dict[str, UnityFunction]
    user: str

    @property
    def catalog(self) -> Catalog: ...
    @property
    def client(self) -> SparkConnectClient: ...
    @property
    def conf(self) -> RuntimeConf: ...
    @property
    def engine_functions(self) -> FunctionRegistry: ...
    @property
    def read(self) -> DataFrameReader: ...
    @property
    def udf(self) -> UDFRegistration: ...
    def createDataFrame(self, data: Any, schema: Any = None) -> DataFrame: ...
    def sql(self, sqlQuery: str, args: Any = None) -> DataFrame: ...
    def engine_sql(self, query: str, args: Any = None, **kwargs: Any) -> DataFrame: ...
    def table(self, tableName: str) -> DataFrame: ...
    def add_catalog(self, catalog: str) -> None: ...
    def refresh_schema(self, name: TableName) -> None: ...
    def sync(self) -> None: ...
    def reset_settings(self, key: str | None = None) -> None: ...
    def temporary_views(self) -> list[str]: ...
    def read_for_owner(self, name: TableName) -> tuple[str, str, str]: ...
    def resolve(self, name: str) -> TableName: ...
    def internal_queries(self) -> AbstractContextManager[None]: ...
