"""``spark`` on a laptop: a Spark Connect session over the folders of Unity Catalog.

The session runs SQL statements (:mod:`lakelab.local.sql.run`), keeps the engine's catalog equal to the
folders (:mod:`lakelab.local.spark.sync`), and talks to the engine (:mod:`lakelab.local.spark.engine`) by a
client with steps of its own (:mod:`lakelab.local.spark.client`).

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html
"""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.session import SparkSession

from lakelab.local.catalog.governance import DEFAULT_USER, Governance
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import HIVE_METASTORE, TableName, split_levels
from lakelab.local.catalog.workspace_catalogs import WorkspaceCatalogs
from lakelab.local.spark.canonical_nan import canonical_nan
from lakelab.local.spark.catalog import LocalCatalog
from lakelab.local.spark.client import LocalSparkClient
from lakelab.local.spark.engine import ENGINE_SETTINGS, Engine, EngineError, catalog_list
from lakelab.local.spark.settings import SETTINGS, SessionSettings
from lakelab.local.spark.sync import CatalogSync
from lakelab.local.spark.temporary_views import TemporaryViews
from lakelab.local.sql.engine_functions import EngineFunctions
from lakelab.local.sql.run import run_statement
from lakelab.local.sql.session_variables import SessionVariables
from lakelab.local.system.home import Home

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.catalog.functions import UnityFunction

CATALOGS = ("main", "dev", "staging", "prod")


def start_spark(
    home: Home, catalogs: tuple[str, ...] = CATALOGS, user: str = DEFAULT_USER
) -> LocalSparkSession:
    """Start Sail, or connect to the server that ``SPARK_REMOTE`` names, and register all tables.

    Parameters
    ----------
    home : Home
        The folder for local state; its warehouse holds the tables.
    catalogs : tuple of str
        The catalogs of Unity Catalog to create, the current one first. ``hive_metastore`` and catalogs
        that were created earlier exist, too.
    user : str
        The user of the session, as ``current_user()`` returns it.

    Returns
    -------
    LocalSparkSession
        Also the default session of this process: ``SparkSession.builder.getOrCreate()`` returns it.

    Raises
    ------
    EngineError
        If the server that ``SPARK_REMOTE`` names does not answer or lacks a catalog.
    """
    governance = Governance(home.workspace_state / "governance.json", user)
    unity = WorkspaceCatalogs(home.warehouse, home.workspace("a"), governance)
    for catalog in catalogs:
        unity.create_catalog(catalog)
        unity.create_schema(catalog, "default")
    unity.prepare()
    earlier = (name for name in unity.catalogs() if name not in (*catalogs, HIVE_METASTORE))
    catalogs = (*catalogs, HIVE_METASTORE, *earlier)
    # The timestamps that `collect()` returns are in the time zone of the process.
    os.environ["TZ"] = "UTC"
    if hasattr(time, "tzset"):
        time.tzset()
    engine = Engine.start_or_connect(catalogs)
    try:
        return LocalSparkSession(engine, home, unity, user)
    except PySparkException as error:
        if engine.is_own:
            raise
        raise EngineError(
            f"The server that SPARK_REMOTE names ({engine.address}) does not have the catalogs "
            f"{', '.join(catalogs)}: {error}. Unset SPARK_REMOTE, or start Sail there with "
            f"SAIL_CATALOG__LIST='{catalog_list(catalogs)}' and {', '.join(f'{k}={v}' for k, v in ENGINE_SETTINGS.items())}."
        ) from error


class LocalSparkSession(SparkSession):
    """A Spark Connect session whose tables are the folders of Unity Catalog.

    Parameters
    ----------
    engine : Engine
    home : Home
    unity : WorkspaceCatalogs
    user : str
    default : bool
        Whether it becomes the default session of this process.

    Attributes
    ----------
    engine : Engine
        The server that executes the plans.
    home : Home
        The folder for local state.
    unity : WorkspaceCatalogs
        The tables.
    user : str
        The user of the session.
    view_definitions : TemporaryViews
        The definitions of its temporary views.
    """

    def __init__(
        self, engine: Engine, home: Home, unity: WorkspaceCatalogs, user: str, default: bool = True
    ):
        # SparkSession.__init__ would create a client of its own: what it sets besides is set here
        self.release_session_on_close = True
        self.engine = engine
        self.home = home
        self.unity = unity
        self.user = user
        self.variables = SessionVariables()
        self.temporary_functions: dict[str, UnityFunction] = {}
        # Python asks each engine that was used once more when it exits: none may stop before
        self._former_engines: list[Engine] = []
        self._thread = threading.local()
        self._catalog_sync = CatalogSync(self, engine.catalogs[0])
        self.view_definitions = TemporaryViews(self)
        self._connect()
        if default:
            SparkSession._set_default_and_active_session(self)  # noqa: SLF001 - no public way

    def _connect(self) -> None:
        """Open a session of the engine, and register all tables."""
        channel = self.engine.channel(self.user)
        self._session_id = str(uuid.uuid4())
        channel.set(DefaultChannelBuilder.PARAM_SESSION_ID, self._session_id)
        self._client = LocalSparkClient(channel, self)
        self.engine_functions = EngineFunctions(self)
        self._catalog_sync.reset()
        with self.internal_queries():
            for key, value in SETTINGS.items():
                self.conf.set(key, value)
            for catalog in self.engine.catalogs:
                # Sail creates the schema without a folder; the sync creates it with one
                self.engine_sql(f"DROP SCHEMA IF EXISTS `{catalog}`.`default`")
            self.engine_sql(f"USE CATALOG `{self.engine.catalogs[0]}`")
        self.sync()

    def add_catalog(self, catalog: str) -> None:
        """Make a catalog known to the engine that was created after its start: the engine restarts.

        DataFrames stay valid, as they are plans. Settings and the current schema are kept; all else that
        only the engine knows of the session is lost.

        Raises
        ------
        pyspark.errors.AnalysisException
            If the engine runs elsewhere, or has temporary views, which would be lost.
        """
        if catalog in self.engine.catalogs:
            return
        if not self.engine.is_own:
            raise AnalysisException(
                message=f"The engine that SPARK_REMOTE names does not know catalog '{catalog}', which "
                f"was made after it started: start it anew, then restart the notebook."
            )
        if views := self._catalog_sync.temporary_views():
            raise AnalysisException(
                message=f"The engine does not know catalog '{catalog}', which was made after it "
                f"started, and is not started anew while there are temporary views: drop "
                f"{', '.join(views)} first, or restart the notebook."
            )
        with self._catalog_sync.lock:
            current = self.catalog.currentCatalog(), self.catalog.currentDatabase()
            settings = self.conf.getAll
            self._former_engines.append(self.engine)
            self.engine = Engine.start((*self.engine.catalogs, catalog))
            self._connect()
            for key, value in settings.items():
                self.conf.set(key, value)
            self.engine_sql(f"USE CATALOG `{current[0]}`")
            self.engine_sql(f"USE SCHEMA `{current[1]}`")

    def __del__(self) -> None:
        # closing the channel waits for a thread of gRPC, which has ended once the interpreter exits
        if not sys.is_finalizing():
            super().__del__()

    def workspace_session(self, name: str, user: str) -> LocalSparkSession:
        """Return a session of another workspace on the same engine, for a user with own privileges.

        It has its own current catalog, temporary views and ``hive_metastore``, and sees the tables of
        Unity Catalog that the user may read. It is not the default session of this process.

        Parameters
        ----------
        name : str
            The workspace's name.
        user : str
            The user, as ``current_user()`` returns it there.
        """
        unity = GovernedCatalogs(
            self.unity.warehouse, self.home.workspace(name), self.unity.governance, user
        )
        unity.prepare()
        return LocalSparkSession(self.engine, self.home, unity, user, default=False)

    def sql(self, sqlQuery: str, args: Any = None, **kwargs: Any) -> DataFrame:
        """Run a statement, those of Unity Catalog included (see :mod:`lakelab.local.sql.run`)."""
        return run_statement(self, sqlQuery, args, kwargs)

    def createDataFrame(self, data: Any, *args: Any, **kwargs: Any) -> DataFrame:
        """Create a DataFrame; NaN becomes the NaN that the engine orders as Spark does."""
        frame: DataFrame = super().createDataFrame(canonical_nan(data), *args, **kwargs)
        return frame

    @property
    def conf(self) -> SessionSettings:
        """The settings of the session."""
        return SessionSettings(self.client)

    def engine_sql(self, query: str, args: Any = None, **kwargs: Any) -> DataFrame:
        """Run a statement as the engine understands it."""
        frame: DataFrame = super().sql(query, args, **kwargs)
        return frame

    @cached_property
    def catalog(self) -> LocalCatalog:
        """The catalogs, schemas and tables of the session."""
        return LocalCatalog(self)

    def resolve(self, name: str) -> TableName:
        """Complete a table name with the current catalog and schema."""
        if len(split_levels(name.strip()) or ()) == 3:  # a request to the engine less
            return TableName.parse(name)
        return TableName.parse(
            name, catalog=self.catalog.currentCatalog(), schema=self.catalog.currentDatabase()
        )

    def reset_settings(self, key: str | None = None) -> None:
        """Set a setting, or all of them, to the value at the start of the session."""
        for name in [key] if key else list(self.conf.getAll):
            self.conf.unset(name)

    def sync(self) -> None:
        """Bring the engine's catalog up to date with the folders."""
        self._catalog_sync.sync()

    def temporary_views(self) -> list[str]:
        """List the session's temporary views."""
        return self._catalog_sync.temporary_views()

    def read_for_owner(self, name: TableName) -> tuple[str, str, str]:
        """Return a name by which a view reads a table that the user may not read."""
        return self._catalog_sync.register_for_owner(name)

    @property
    def catalog_changes(self) -> int:
        """The number of changes of tables that the session has found."""
        return self._catalog_sync.changes

    def refresh_schema(self, name: TableName) -> None:
        """Make the engine read a table's schema again."""
        self._catalog_sync.refresh_schema(name)

    @property
    def is_internal(self) -> bool:
        """Whether the session asks the engine for its own purposes, not for the user's."""
        return getattr(self._thread, "is_internal", False)

    @contextmanager
    def internal_queries(self) -> Iterator[None]:
        """Send the requests of this thread to the engine without any step of the client."""
        before = self.is_internal
        self._thread.is_internal = True
        try:
            yield
        finally:
            self._thread.is_internal = before
