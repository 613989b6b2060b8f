"""Keep the engine's catalog equal to the folders of Unity Catalog.

Sail keeps its catalog in memory, for one process. Here the folder tree is the catalog
(:mod:`lakelab.local.catalog.store`). Before each request to the engine, tables that appeared since the
last request are registered, those with new metadata are registered again, and those that are gone are dropped
from the engine. A table that one notebook creates is therefore visible to another notebook at its next request.
"""

from __future__ import annotations

import secrets
import threading
import warnings

from pyspark.errors import PySparkException

from lakelab.local.catalog.names import TableName
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.statistics import remove_statistics
from lakelab.local.sql.session import Session
from lakelab.local.sql.text import sql_literal


class CatalogSync:
    """The record of the tables and schemas that are registered with a session's engine.

    Parameters
    ----------
    session : Session
        The session; its ``unity`` has the folders.
    default_catalog : str
        A catalog that always exists.

    Attributes
    ----------
    changes : int
        Counts the changes of tables that were found: new, changed and dropped ones.
    lock : threading.RLock
        Held while the engine's catalog changes.
    """

    def __init__(self, session: Session, default_catalog: str):
        self._session = session
        self._default_catalog = default_catalog
        self._tables: dict[TableName, LogSnapshot] = {}
        self._schemas: set[tuple[str, str]] = set()
        self._views: set[TableName] = set()
        # nobody knows its name: no statement of the user can read its tables
        self._owners_schema = f"owners_{secrets.token_hex(16)}"
        self.changes = 0
        self.lock = threading.RLock()

    def reset(self) -> None:
        """Forget what was registered: the session has a new engine, with an empty catalog."""
        self._tables, self._schemas, self._views = {}, set(), set()

    def sync(self) -> None:
        """Register tables that appeared or changed. Drop from the engine those that are gone or unreadable."""
        unity = self._session.unity
        with self.lock, self._session.internal_queries():
            tables = set(unity.readable_tables())
            schemas = {(c, s) for c in unity.catalogs() for s in unity.schemas(c)}
            views = set(unity.readable_views())
            self._drop_tables(self._tables.keys() - tables)
            self._drop_views(self._views - views)
            self._sync_schemas(schemas)
            for name, snapshot in list(self._tables.items()):
                if (newer := snapshot.refresh()) is None:
                    self.refresh_schema(name)
                elif newer is not snapshot:
                    self._tables[name] = newer
                    self.changes += 1
            for new in tables - self._tables.keys():
                self._register(new)
            for view in views - self._views:
                self._register_view(view)

    def refresh_schema(self, name: TableName) -> None:
        """Make the engine read a table's schema again: it keeps the schema that it read last."""
        with self.lock, self._session.internal_queries():
            # the files stay
            self._session.engine_sql(f"DROP TABLE IF EXISTS {name.quoted}")
            self._register(name)

    def temporary_views(self) -> list[str]:
        """List the session's temporary views."""
        # the current schema may have been dropped; this one always exists
        schema = f"`{self._default_catalog}`.`default`"
        with self._session.internal_queries():
            tables = self._session.engine_sql(f"SHOW TABLES IN {schema}").collect()
        return [row["tableName"] for row in tables if row["isTemporary"]]

    def register_for_owner(self, name: TableName) -> tuple[str, str, str]:
        """Register a table that only views read, and return its name in the engine."""
        levels = (self._default_catalog, self._owners_schema, f"t_{secrets.token_hex(8)}")
        path = sql_literal(str(self._session.unity.path(name)))
        with self.lock, self._session.internal_queries():
            remove_statistics(self._session.unity, name)
            schema, table = (".".join(f"`{x}`" for x in levels[:n]) for n in (2, 3))
            folder = sql_literal(str(self._session.home.scratch / self._owners_schema))
            self._session.engine_sql(f"CREATE SCHEMA IF NOT EXISTS {schema} LOCATION {folder}")
            self._session.engine_sql(f"CREATE TABLE {table} USING DELTA LOCATION {path}")
        return levels

    def _register_view(self, name: TableName) -> None:
        """Make the engine list a view: its query takes the place of its name in each statement."""
        self._session.engine_sql(
            f"CREATE VIEW IF NOT EXISTS {name.quoted} AS SELECT raise_error('a view without its query')"
        )
        self._views.add(name)

    def _drop_views(self, names: set[TableName]) -> None:
        for name in names:
            self._views.remove(name)
            self._session.engine_sql(f"DROP VIEW IF EXISTS {name.quoted}")

    def _drop_tables(self, names: set[TableName]) -> None:
        for name in names:
            self.changes += 1
            del self._tables[name]
            self._session.engine_sql(f"DROP TABLE IF EXISTS {name.quoted}")
            if self._session.unity.exists(name):
                # The user lost SELECT on it, and a temporary view may still hold its rows
                for view in self.temporary_views():
                    self._session.catalog.dropTempView(view)

    def _sync_schemas(self, schemas: set[tuple[str, str]]) -> None:
        for catalog, schema in self._schemas - schemas:
            self._session.engine_sql(f"DROP SCHEMA IF EXISTS `{catalog}`.`{schema}` CASCADE")
        for catalog, schema in schemas - self._schemas:
            folder = sql_literal(str(self._session.unity.folder(catalog) / schema))
            self._session.engine_sql(
                f"CREATE SCHEMA IF NOT EXISTS `{catalog}`.`{schema}` LOCATION {folder}"
            )
        self._schemas = schemas

    def _register(self, name: TableName) -> None:
        self.changes += 1
        path = self._session.unity.path(name)
        remove_statistics(self._session.unity, name)
        # read before the engine reads the table: a commit after that is new
        self._tables[name] = LogSnapshot.read(path)
        try:
            self._session.engine_sql(
                f"CREATE TABLE IF NOT EXISTS {name.quoted} USING DELTA LOCATION {sql_literal(str(path))}"
            )
        except PySparkException as error:
            if not self._session.unity.exists(name):
                return  # dropped by another process since the folder was listed
            warnings.warn(
                f"Table {name} is left out, as its Delta log is damaged: {path / '_delta_log'} "
                f"({error}). Restore the folder from a copy, or remove the table: DROP TABLE {name}.",
                stacklevel=2,
            )
