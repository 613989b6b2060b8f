"""Online stores, their online tables, and the pipelines that keep these tables up to date."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.online_store.database import (
    Database,
    OnlineStoreError,
    published_tables,
    stores,
)
from lakelab.local.online_store.lookup import OnlineTable
from lakelab.local.online_store.publish import (
    Published,
    Publisher,
    PublishMode,
    SupersededError,
    drop_rows_table,
)
from lakelab.local.system.home import Home

CAPACITIES = ("CU_1", "CU_2", "CU_4", "CU_8")
MAX_READ_REPLICAS = 3
POLL_INTERVAL_SECONDS = 0.2
"""Pause of a continuous pipeline between two checks for a new version of its source."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OnlineStore:
    """An online store.

    Attributes
    ----------
    name : str
    capacity : {"CU_1", "CU_2", "CU_4", "CU_8"}
    read_replica_count : int
    usage_policy_id : str or None
        Capacity, replicas and policy are stored and returned; here they have no effect.
    creator : str or None
    creation_time : str
        ``YYYY-MM-DDTHH:MM:SSZ``.
    """

    name: str
    capacity: str
    read_replica_count: int
    usage_policy_id: str | None
    creator: str | None
    creation_time: str


class OnlineStores:
    """All online stores of a home.

    Parameters
    ----------
    home : Home
    unity : UnityCatalog
        The catalog of the feature tables.
    url : str, optional
        The PostgreSQL for the rows; by default the value of ``LAKELAB_ONLINE_STORE``, else SQLite.

    Raises
    ------
    OnlineStoreError
        If the database cannot be used.
    """

    def __init__(self, home: Home, unity: UnityCatalog, url: str | None = None):
        self.database = Database(home.online, url)
        self._publisher = Publisher(self.database, unity)
        self._running: dict[str, _ContinuousPipeline] = {}
        self._lock = threading.Lock()

    # ---- stores ----------------------------------------------------------------------------------
    def create(
        self,
        name: str,
        capacity: str,
        read_replica_count: int | None = None,
        usage_policy_id: str | None = None,
        creator: str | None = None,
    ) -> OnlineStore:
        """Create an online store.

        Raises
        ------
        AlreadyExistsError
            If an online store of this name exists.
        OnlineStoreError
            If the name, the capacity or the number of replicas is invalid.
        """
        if not name or len(name.encode()) > 63:
            raise OnlineStoreError(
                f"The name of an online store has 1 to 63 bytes, not {len(name.encode())}: '{name}'."
            )
        store = OnlineStore(
            name,
            _valid_capacity(capacity),
            _valid_replicas(read_replica_count or 0),
            usage_policy_id,
            creator,
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        with self.database.transaction() as connection:
            if _find_store(connection, name) is not None:
                raise AlreadyExistsError(f"Online store with name '{name}' already exists")
            connection.execute(insert(stores).values(vars(store)))
        return store

    def get(self, name: str) -> OnlineStore:
        """Return an online store.

        Raises
        ------
        NotFoundError
            If the online store does not exist.
        """
        with self.database.snapshot() as connection:
            return _required_store(connection, name)

    def list(self) -> list[OnlineStore]:
        """Return all online stores, sorted by name."""
        with self.database.snapshot() as connection:
            rows = connection.execute(select(stores).order_by(stores.c.name)).mappings().all()
        return [OnlineStore(**row) for row in rows]

    def update(self, name: str, changes: Mapping[str, Any]) -> OnlineStore:
        """Change capacity, number of replicas or usage policy; the other fields stay the same.

        Raises
        ------
        NotFoundError
            If the online store does not exist.
        OnlineStoreError
            If a value is invalid, or a field cannot be changed.
        """
        checks: dict[str, Callable[[Any], Any]] = {
            "capacity": _valid_capacity,
            "read_replica_count": _valid_replicas,
        }
        if unknown := set(changes) - {*checks, "usage_policy_id"}:
            raise OnlineStoreError(
                f"Of an online store, capacity, read_replica_count and usage_policy_id can be changed, "
                f"not {', '.join(sorted(unknown))}."
            )
        values = {
            key: checks[key](value) if key in checks else value for key, value in changes.items()
        }
        with self.database.transaction() as connection:
            _required_store(connection, name)
            if values:
                connection.execute(update(stores).where(stores.c.name == name).values(values))
            return _required_store(connection, name)

    def delete(self, name: str) -> None:
        """Delete an online store with all its online tables.

        Raises
        ------
        NotFoundError
            If the online store does not exist.
        """
        with self.database.transaction() as connection:
            _required_store(connection, name)
            tables = connection.execute(
                select(published_tables).where(published_tables.c.store == name)
            ).all()
            for table in tables:
                _drop(connection, table)
            connection.execute(delete(stores).where(stores.c.name == name))
        for table in tables:
            self._stop_pipeline(table.name)

    # ---- tables ----------------------------------------------------------------------------------
    def publish(
        self,
        source: str,
        online_table: str,
        store: str,
        mode: PublishMode | str = PublishMode.TRIGGERED,
        user: str | None = None,
    ) -> Published:
        """Publish a feature table; in the mode CONTINUOUS, follow it until this process ends.

        See :meth:`lakelab.local.online_store.publish.Publisher.publish` for the errors.
        """
        mode = _valid_mode(mode)
        published = self._publisher.publish(source, online_table, store, mode, user)
        # The earlier pipeline also stops by itself when it finds this publish: see SupersededError.
        self._stop_pipeline(published.online_table_name)
        if mode is PublishMode.CONTINUOUS:
            self._start_pipeline(published.online_table_name, published.pipeline_id)
        return published

    def table(self, name: str) -> OnlineTable:
        """Open an online table for lookups.

        Raises
        ------
        NotFoundError
            If the online table does not exist.
        """
        return OnlineTable(self.database, name.lower())

    def describe(self, name: str) -> dict[str, Any]:
        """Describe an online table: source, version, mode, keys and the last update.

        Raises
        ------
        NotFoundError
            If the online table does not exist.
        """
        return self._require(published_tables.c.name == name.lower(), f"Online table '{name}'")

    def online_table_of(self, source: str) -> str | None:
        """Return the online table of a feature table; of several, the one that was updated last."""
        with self.database.snapshot() as connection:
            rows = connection.execute(
                select(published_tables).where(published_tables.c.source == source.lower())
            ).all()
        newest = max(rows, key=lambda row: row.last_update["time"], default=None)
        return None if newest is None else str(newest.name)

    def delete_table(self, name: str) -> None:
        """Delete an online table; the feature table stays.

        Raises
        ------
        NotFoundError
            If the online table does not exist.
        """
        with self.database.transaction() as connection:
            same_name = published_tables.c.name == name.lower()
            table = connection.execute(select(published_tables).where(same_name)).one_or_none()
            if table is None:
                raise NotFoundError(f"Online table '{name}' does not exist.")
            _drop(connection, table)
        self._stop_pipeline(name.lower())

    # ---- pipelines -------------------------------------------------------------------------------
    def pipeline(self, pipeline_id: str) -> dict[str, Any]:
        """Describe the online table that a pipeline updates, and the state of the pipeline.

        Returns
        -------
        dict
            The keys of :meth:`describe`, and ``running`` and ``error``.

        Raises
        ------
        NotFoundError
            If the pipeline does not exist.
        """
        table = self._require(
            published_tables.c.pipeline_id == pipeline_id, f"Pipeline '{pipeline_id}'"
        )
        pipeline = self._running.get(table["name"])
        error = pipeline.error if pipeline is not None else None
        running = pipeline is not None and pipeline.thread.is_alive()
        return {**table, "running": running, "error": error}

    def start_update(self, pipeline_id: str, user: str | None = None) -> Published:
        """Publish again with the settings of the last publish.

        Raises
        ------
        NotFoundError
            If the pipeline or its source does not exist.
        """
        table = self.pipeline(pipeline_id)
        return self.publish(
            table["source"], table["name"], table["store"], table["publish_mode"], user
        )

    def close(self) -> None:
        """Stop all pipelines of this process, and close the database."""
        for name in list(self._running):
            self._stop_pipeline(name)
        self.database.close()

    def _require(self, condition: Any, what: str) -> dict[str, Any]:
        table = self._find(condition)
        if table is None:
            raise NotFoundError(f"{what} does not exist.")
        return table

    def _find(self, condition: Any) -> dict[str, Any] | None:
        with self.database.snapshot() as connection:
            rows = connection.execute(select(published_tables).where(condition))
            table = rows.mappings().one_or_none()
        return None if table is None else dict(table)

    def _start_pipeline(self, name: str, pipeline_id: str) -> None:
        publish = partial(self._publish_new_version, name, pipeline_id)
        with self._lock:
            self._running[name] = _ContinuousPipeline(name, publish)

    def _stop_pipeline(self, name: str) -> None:
        with self._lock:
            pipeline = self._running.pop(name, None)
        if pipeline is not None:
            pipeline.stop()

    def _publish_new_version(self, name: str, pipeline_id: str) -> bool:
        """Publish an online table if its source has a new version; return whether to continue."""
        table = self._find(published_tables.c.name == name)
        if table is None or (table["pipeline_id"], table["publish_mode"]) != (
            pipeline_id,
            PublishMode.CONTINUOUS,
        ):
            return False  # another process deleted it, or published it in another mode
        if self._publisher.is_outdated(table):
            self._publisher.publish(
                table["source"],
                name,
                table["store"],
                PublishMode.CONTINUOUS,
                table["creator"],
                only_after=table["last_update"]["id"],
            )
        return True


class _ContinuousPipeline:
    """A thread that publishes the new versions of one source.

    Parameters
    ----------
    name : str
        The online table.
    publish_new_version : callable
        Publishes a new version, if there is one; returns False when the pipeline must end.
    """

    def __init__(self, name: str, publish_new_version: Callable[[], bool]):
        self.error: str | None = None
        self._name = name
        self._publish_new_version = publish_new_version
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"publish {name}", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self.thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(POLL_INTERVAL_SECONDS):
            try:
                if not self._publish_new_version():
                    return
                self.error = None
            except SupersededError:
                continue  # the next round reads the new state
            except Exception as error:  # noqa: BLE001 - any error is reported, and may be temporary
                if str(error) != self.error:
                    _logger.warning("Online table %s is not up to date: %s", self._name, error)
                self.error = str(error)


def _find_store(connection: Connection, name: str) -> OnlineStore | None:
    rows = connection.execute(select(stores).where(stores.c.name == name))
    store = rows.mappings().one_or_none()
    return None if store is None else OnlineStore(**store)


def _required_store(connection: Connection, name: str) -> OnlineStore:
    store = _find_store(connection, name)
    if store is None:
        raise NotFoundError(f"Online store with name '{name}' not found")
    return store


def _drop(connection: Connection, table: Row[Any]) -> None:
    drop_rows_table(connection, table.physical)
    connection.execute(delete(published_tables).where(published_tables.c.name == table.name))


def _valid_capacity(capacity: Any) -> str:
    if capacity not in CAPACITIES:
        raise OnlineStoreError(
            f"Invalid capacity {capacity!r}. Valid values are {', '.join(CAPACITIES)}."
        )
    return str(capacity)


def _valid_replicas(count: Any) -> int:
    if not isinstance(count, int) or not 0 <= count <= MAX_READ_REPLICAS:
        raise OnlineStoreError(
            f"Invalid read_replica_count {count!r}: an online store has 0 to {MAX_READ_REPLICAS}."
        )
    return count


def _valid_mode(mode: str) -> PublishMode:
    try:
        return PublishMode(mode)
    except ValueError as error:
        raise OnlineStoreError(
            f"Invalid publish mode: {mode}. There are {', '.join(PublishMode)}."
        ) from error
