"""``spark`` on a laptop: Sail in this process, reached by Spark Connect, over the folders of Unity Catalog.

Sail keeps its catalog in memory, for one process. Here the folder tree is the catalog
(:mod:`lakelab.local.catalog.store`), so before the engine is asked anything, the tables that
appeared or went away since the last question are registered or forgotten. A table made in one
notebook is there for another as soon as it asks.

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html and
https://docs.lakesail.com/sail/latest/
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import grpc
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.session import SparkSession

from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.catalog.governance import DEFAULT_USER, Governance
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark import plan_functions as plan_calls
from lakelab.local.spark.authorization import require_plan
from lakelab.local.spark.catalog import LocalCatalog
from lakelab.local.spark.dataframe_writes import watch_writes
from lakelab.local.spark.time_travel import prepare_time_travel
from lakelab.local.spark.write_conflicts import take_turns
from lakelab.local.sql.errors import permission_error
from lakelab.local.sql.text import literal
from lakelab.local.system.home import Home

if TYPE_CHECKING:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import DataFrame

CATALOGS = ("main", "dev", "staging", "prod")
SETTINGS = {
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",  # as on Databricks, whatever the laptop's own zone
}
_OWN_SERVER = "LAKELAB_SPARK_SERVER"
_UNCOMPRESSED = 1
"""Of the algorithms that gRPC counts by bits, the one that leaves data as it is."""


class EngineError(Exception):
    """No Spark engine can be had; the message says what to do."""


def start_spark(
    home: Home, catalogs: tuple[str, ...] = CATALOGS, user: str = DEFAULT_USER
) -> LocalSparkSession:
    """Start Sail, or connect to the server that ``SPARK_REMOTE`` names, and register all tables.

    Parameters
    ----------
    home : Home
        The folder for local state; its warehouse holds the tables.
    catalogs : tuple of str
        The catalogs of Unity Catalog to have, the current one first; ``hive_metastore`` is there, too.
    user : str
        Whom ``current_user()`` names.

    Returns
    -------
    LocalSparkSession
        Also the default session of this process: ``SparkSession.builder.getOrCreate()`` returns it.

    Raises
    ------
    EngineError
        If the server that ``SPARK_REMOTE`` names does not answer or lacks a catalog.
    """
    governance = Governance(home.unity_models / "governance.json", user)
    unity = WorkspaceCatalogs(home.warehouse, home.workspace("a"), governance)
    for catalog in catalogs:
        unity.create_catalog(catalog)
        unity.create_schema(catalog, "default")
    unity.prepare()
    made = (name for name in unity.catalogs() if name not in (*catalogs, HIVE_METASTORE))
    catalogs = (*catalogs, HIVE_METASTORE, *made)
    # Python's own timestamps, as `collect()` gives them, are in the zone of the process.
    os.environ["TZ"] = "UTC"
    if hasattr(time, "tzset"):
        time.tzset()
    # A notebook's output is for results: gRPC and Sail stay silent unless asked.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("RUST_LOG", "off")

    remote = os.environ.get("SPARK_REMOTE")
    if remote == os.environ.get(_OWN_SERVER):
        remote = None  # left by a parent process or an earlier session: that engine may be gone
    if remote:
        server, address = None, remote
        _require_listening(remote)
    else:
        server, address = _start_sail(catalogs)
    try:
        return LocalSparkSession(address, home, unity, catalogs, server, user)
    except PySparkException as error:
        if not remote:
            raise
        raise EngineError(
            f"The server that SPARK_REMOTE names ({remote}) does not have the catalogs "
            f"{', '.join(catalogs)}: {error}. Unset SPARK_REMOTE, or start Sail there with "
            f"SAIL_CATALOG__LIST='{_catalog_list(catalogs)}'."
        ) from error


def _catalog_list(catalogs: tuple[str, ...]) -> str:
    return ", ".join(
        f'{{name="{name}", type="memory", initial_database=["default"]}}' for name in catalogs
    ).join("[]")


def _start_sail(catalogs: tuple[str, ...]) -> tuple[SparkConnectServer, str]:
    os.environ["SAIL_CATALOG__LIST"] = _catalog_list(catalogs)
    os.environ["SAIL_CATALOG__DEFAULT_CATALOG"] = catalogs[0]
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    address = f"sc://127.0.0.1:{port}"
    # `SparkSession.builder.getOrCreate()` in the learner's own modules wants it, as on Databricks
    os.environ["SPARK_REMOTE"] = os.environ[_OWN_SERVER] = address
    return server, address


def _require_listening(remote: str) -> None:
    """Look whether anybody listens, at once: Spark's client would go on trying for minutes."""
    told = urlsplit(remote)
    try:
        if told.scheme != "sc" or not told.hostname:
            raise EngineError(
                f"SPARK_REMOTE is '{remote}', expected sc://host:port. "
                f"Mend it, or unset it to use the engine that comes with the course."
            )
        socket.create_connection((told.hostname, told.port or 15002), timeout=3).close()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"No Spark Connect server answers at SPARK_REMOTE={remote}: {error}. "
            f"Start it, or unset SPARK_REMOTE to use the engine that comes with the course."
        ) from error


class LocalSparkSession(SparkSession):
    """A Spark Connect session whose tables are the folders of a :class:`UnityCatalog`.

    Attributes
    ----------
    home : Home
        The folder for local state.
    unity : WorkspaceCatalogs
        The tables.
    user : str
        Whose session it is.
    """

    def __init__(
        self,
        address: str,
        home: Home,
        unity: WorkspaceCatalogs,
        catalogs: tuple[str, ...],
        server: SparkConnectServer | None,
        user: str,
        default: bool = True,
    ):
        self.home = home
        self.unity = unity
        self.user = user
        self._address = address
        self._catalogs = catalogs
        self._server = server  # it stops when nobody holds it
        # whoever has asked an engine asks it once more when Python ends
        self._former: list[SparkConnectServer] = []
        self._sync_lock = threading.RLock()
        self._asking = threading.local()
        self._connect()
        if default:
            SparkSession._set_default_and_active_session(self)

    def _connect(self) -> None:
        """Reach the engine, and tell it of all tables."""
        self._registered: dict[TableName, LogSnapshot] = {}
        self._schemas: set[tuple[str, str]] = set()
        channel = DefaultChannelBuilder(self._address)
        channel.set(DefaultChannelBuilder.PARAM_USER_ID, self.user)
        if self._server is not None:
            # Sail compresses for whoever accepts it: on one machine that is nine tenths of the time
            channel.setChannelOption("grpc.compression_enabled_algorithms_bitset", _UNCOMPRESSED)
        channel.add_interceptor(_SyncFirst(self))
        super().__init__(channel)
        watch_writes(self)
        take_turns(self)
        with self.internal_queries():
            for key, value in SETTINGS.items():
                self.conf.set(key, value)
            for catalog in self._catalogs:
                # the schema that each catalog is born with has no folder: give it one
                self.engine_sql(f"DROP SCHEMA IF EXISTS `{catalog}`.`default`")
            self.engine_sql(f"USE CATALOG `{self._catalogs[0]}`")
        self.sync()

    def add_catalog(self, catalog: str) -> None:
        """Let the engine know a catalog that was made after it started: it is started anew.

        DataFrames go on, they are plans; what the engine alone has of a session does not.

        Raises
        ------
        pyspark.errors.AnalysisException
            If it is not ours to start, or has temporary views, which would be lost.
        """
        if catalog in self._catalogs:
            return
        if self._server is None:
            raise AnalysisException(
                message=f"The engine that SPARK_REMOTE names does not know catalog '{catalog}', which "
                f"was made after it started: start it anew, then restart the notebook."
            )
        if views := self._temporary_views():
            raise AnalysisException(
                message=f"The engine does not know catalog '{catalog}', which was made after it "
                f"started, and is not started anew while there are temporary views: drop "
                f"{', '.join(views)} first, or restart the notebook."
            )
        with self._sync_lock:
            current = self.catalog.currentCatalog(), self.catalog.currentDatabase()
            settings = self.conf.getAll
            self._catalogs = (*self._catalogs, catalog)
            self._former.append(self._server)
            self._server, self._address = _start_sail(self._catalogs)
            self._connect()
            for key, value in settings.items():
                self.conf.set(key, value)
            self.engine_sql(f"USE CATALOG `{current[0]}`")
            self.engine_sql(f"USE SCHEMA `{current[1]}`")

    def __del__(self) -> None:
        # closing the channel waits for a thread of gRPC, which is gone once the interpreter ends
        if not sys.is_finalizing():
            super().__del__()

    def workspace_session(self, name: str, user: str) -> LocalSparkSession:
        """Give a session of another workspace on the same engine, for a user with grants of their own.

        It has its own current catalog, temporary views and ``hive_metastore``, and sees the tables of
        Unity Catalog that the user may read. It is not the default session of this process.

        Parameters
        ----------
        name : str
            The workspace's name.
        user : str
            Whom ``current_user()`` names there.
        """
        unity = GovernedCatalogs(
            self.unity.warehouse, self.home.workspace(name), self.unity.governance, user
        )
        unity.prepare()
        return LocalSparkSession(
            self._address, self.home, unity, self._catalogs, self._server, user, default=False
        )

    def sql(self, sqlQuery: str, args: Any = None, **kwargs: Any) -> DataFrame:
        """Run a statement, those of Unity Catalog included (see :mod:`lakelab.local.sql.run`)."""
        from lakelab.local.sql import run as unity_sql

        return unity_sql.run(self, sqlQuery, args, kwargs)

    def engine_sql(self, query: str, args: Any = None, **kwargs: Any) -> DataFrame:
        """Run a statement as the engine understands it."""
        return super().sql(query, args, **kwargs)

    @cached_property
    def catalog(self) -> LocalCatalog:
        """What there is, and what is current."""
        return LocalCatalog(self)

    def resolve(self, name: str) -> TableName:
        """Complete a table name with the current catalog and schema, as ``USE`` left them."""
        if name.replace("``", "").count(".") >= 2 and "`" not in name:
            return TableName.parse(name)
        return TableName.parse(
            name, catalog=self.catalog.currentCatalog(), schema=self.catalog.currentDatabase()
        )

    # ---- keeping the engine's catalog equal to the folders ---------------------------------------
    def sync(self) -> None:
        """Register tables that appeared in the warehouse or changed, forget those that went away."""
        with self._sync_lock, self.internal_queries():
            tables = set(self.unity.readable_tables())
            schemas = {(c, s) for c in self.unity.catalogs() for s in self.unity.schemas(c)}
            for gone in self._registered.keys() - tables:
                del self._registered[gone]
                self.engine_sql(f"DROP TABLE IF EXISTS {gone.quoted}")
                if self.unity.exists(gone):  # no longer granted: nor is what a view remembers of it
                    self._drop_temporary_views()
            for catalog, schema in self._schemas - schemas:
                self.engine_sql(f"DROP SCHEMA IF EXISTS `{catalog}`.`{schema}` CASCADE")
            for catalog, schema in schemas - self._schemas:
                folder = self.unity.folder(catalog) / schema
                self.engine_sql(
                    f"CREATE SCHEMA IF NOT EXISTS `{catalog}`.`{schema}` LOCATION {literal(str(folder))}"
                )
            for name, seen in list(self._registered.items()):
                if (later := seen.refresh()) is None:
                    self.refresh_schema(name)
                else:
                    self._registered[name] = later
            for new in tables - self._registered.keys():
                self._register(new)
            self._schemas = schemas

    def refresh_schema(self, name: TableName) -> None:
        """Let the engine read a table's schema once more: it keeps the one that it has seen last."""
        with self._sync_lock, self.internal_queries():
            self.engine_sql(f"DROP TABLE IF EXISTS {name.quoted}")  # the files stay
            self._register(name)

    def _drop_temporary_views(self) -> None:
        for view in self._temporary_views():
            self.catalog.dropTempView(view)

    def _temporary_views(self) -> list[str]:
        # a schema that is always there: the current one may be gone
        tables = self.engine_sql(f"SHOW TABLES IN `{self._catalogs[0]}`.`default`").collect()
        return [row["tableName"] for row in tables if row["isTemporary"]]

    def _register(self, name: TableName) -> None:
        path = self.unity.path(name)
        # before the engine looks: what is committed after that is new
        self._registered[name] = LogSnapshot.read(path)
        try:
            self.engine_sql(
                f"CREATE TABLE IF NOT EXISTS {name.quoted} USING DELTA LOCATION {literal(str(path))}"
            )
        except PySparkException as error:
            if not self.unity.exists(name):
                return  # dropped by another process since the folder was listed
            warnings.warn(
                f"Table {name} is left out, as its Delta log is damaged: {path / '_delta_log'} "
                f"({error}). Restore the folder from a copy, or remove the table: DROP TABLE {name}.",
                stacklevel=2,
            )

    @property
    def is_internal(self) -> bool:
        """Whether the session asks on its own behalf, and not on that of whoever uses it."""
        return getattr(self._asking, "quiet", False)

    @contextmanager
    def internal_queries(self) -> Iterator[None]:
        """Ask the engine without looking at the folders first: the looking itself asks."""
        before = self.is_internal
        self._asking.quiet = True
        try:
            yield
        finally:
            self._asking.quiet = before

    def _before_question(self, plan: Any) -> None:
        if self.is_internal:
            return
        self.sync()
        with self.internal_queries():
            try:
                plan_calls.rewrite(self, plan)
                if isinstance(self.unity, GovernedCatalogs):
                    require_plan(self.unity, plan, self.resolve)
                prepare_time_travel(self.unity, plan)
            except InsufficientPermissionsError as error:
                raise permission_error(error) from error
            except UnityCatalogError as error:
                raise AnalysisException(message=str(error)) from error


class _SyncFirst(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Bring the engine's catalog up to date before a plan is analysed or executed."""

    def __init__(self, session: LocalSparkSession):
        self.session = session

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._continue(continuation, details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._continue(continuation, details, request)

    def _continue(self, continuation: Any, details: Any, request: Any) -> Any:
        method = details.method if isinstance(details.method, str) else details.method.decode()
        if method.endswith(("/AnalyzePlan", "/ExecutePlan")):
            self.session._before_question(request)
        return continuation(details, request)
