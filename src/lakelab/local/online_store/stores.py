"""Online stores, the tables in them, and the pipelines that keep these in step."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
    drop_physical,
)
from lakelab.local.system.home import Home

CAPACITIES = ("CU_1", "CU_2", "CU_4", "CU_8")
MOST_REPLICAS = 3
_LOOK_EVERY_SECONDS = 0.2

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
        These three are kept and told; here they change nothing.
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
        Where the feature tables are.
    url : str, optional
        The PostgreSQL to keep them in; by default what ``LAKELAB_ONLINE_STORE`` says, else SQLite.

    Raises
    ------
    OnlineStoreError
        If the database cannot be used.
    """

    def __init__(self, home: Home, unity: UnityCatalog, url: str | None = None):
        self.database = Database(home.online, url)
        self._publisher = Publisher(self.database, unity)
        self._followers: dict[str, _Follower] = {}
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
            If there is one of that name.
        OnlineStoreError
            If name, capacity or number of replicas are none.
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
            if _store(connection, name) is not None:
                raise AlreadyExistsError(f"Online store with name '{name}' already exists")
            connection.execute(insert(stores).values(vars(store)))
        return store

    def get(self, name: str) -> OnlineStore:
        """Give an online store.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        """
        with self.database.snapshot() as connection:
            return _required_store(connection, name)

    def list(self) -> list[OnlineStore]:
        """Give all online stores, by name."""
        with self.database.snapshot() as connection:
            rows = connection.execute(select(stores).order_by(stores.c.name)).all()
        return [OnlineStore(**row._mapping) for row in rows]

    def update(self, name: str, changes: Mapping[str, Any]) -> OnlineStore:
        """Change capacity, number of replicas or usage policy; what is not named stays.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        OnlineStoreError
            If a value is none, or something else is to be changed.
        """
        checks = {"capacity": _valid_capacity, "read_replica_count": _valid_replicas}
        if unknown := set(changes) - {*checks, "usage_policy_id"}:
            raise OnlineStoreError(
                f"Of an online store, capacity, read_replica_count and usage_policy_id can be changed, "
                f"not {', '.join(sorted(unknown))}."
            )
        values = {key: checks.get(key, lambda v: v)(value) for key, value in changes.items()}
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
            If there is none of that name.
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
            self._unfollow(table.name)

    # ---- tables ----------------------------------------------------------------------------------
    def publish(
        self,
        source: str,
        online_table: str,
        store: str,
        mode: PublishMode | str = PublishMode.TRIGGERED,
        user: str | None = None,
    ) -> Published:
        """Publish a feature table; in the mode CONTINUOUS, go on until this process ends.

        See :meth:`lakelab.local.online_store.publish.Publisher.publish` for what is refused.
        """
        mode = _valid_mode(mode)
        published = self._publisher.publish(source, online_table, store, mode, user)
        self._unfollow(published.online_table_name)  # it stops by itself, too: see SupersededError
        if mode is PublishMode.CONTINUOUS:
            self._follow(published.online_table_name, published.pipeline_id)
        return published

    def table(self, name: str) -> OnlineTable:
        """Open an online table to look rows up.

        Raises
        ------
        NotFoundError
            If there is no such online table.
        """
        return OnlineTable(self.database, name.lower())

    def describe(self, name: str) -> dict[str, Any]:
        """Say what is known of an online table: source, version, mode, keys, the last update.

        Raises
        ------
        NotFoundError
            If there is no such online table.
        """
        return self._one(published_tables.c.name == name.lower(), f"Online table '{name}'")

    def online_table_of(self, source: str) -> str | None:
        """Find the online table that a feature table is published to; of several, the newest update."""
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
            If there is no such online table.
        """
        with self.database.transaction() as connection:
            this = published_tables.c.name == name.lower()
            found = connection.execute(select(published_tables).where(this)).one_or_none()
            if found is None:
                raise NotFoundError(f"Online table '{name}' does not exist.")
            _drop(connection, found)
        self._unfollow(name.lower())

    # ---- pipelines -------------------------------------------------------------------------------
    def pipeline(self, pipeline_id: str) -> dict[str, Any]:
        """Say what is known of the online table that a pipeline keeps in step, and how that goes.

        Returns
        -------
        dict
            The keys of :meth:`describe`, ``running`` and ``error``.

        Raises
        ------
        NotFoundError
            If there is no such pipeline.
        """
        told = self._one(published_tables.c.pipeline_id == pipeline_id, f"Pipeline '{pipeline_id}'")
        follower = self._followers.get(told["name"])
        error = follower.error if follower is not None else None
        running = follower is not None and follower.thread.is_alive()
        return {**told, "running": running, "error": error}

    def start_update(self, pipeline_id: str, user: str | None = None) -> Published:
        """Publish once more, as the last time.

        Raises
        ------
        NotFoundError
            If there is no such pipeline, or its source is gone.
        """
        told = self.pipeline(pipeline_id)
        return self.publish(told["source"], told["name"], told["store"], told["publish_mode"], user)

    def close(self) -> None:
        """End all that goes on, and close the database."""
        for name in list(self._followers):
            self._unfollow(name)
        self.database.close()

    def _one(self, condition: Any, what: str) -> dict[str, Any]:
        found = self._find(condition)
        if found is None:
            raise NotFoundError(f"{what} does not exist.")
        return found

    def _find(self, condition: Any) -> dict[str, Any] | None:
        with self.database.snapshot() as connection:
            found = connection.execute(select(published_tables).where(condition)).one_or_none()
        return None if found is None else dict(found._mapping)

    def _follow(self, name: str, pipeline_id: str) -> None:
        with self._lock:
            self._followers[name] = _Follower(self, name, pipeline_id)

    def _unfollow(self, name: str) -> None:
        with self._lock:
            follower = self._followers.pop(name, None)
        if follower is not None:
            follower.stop()


class _Follower:
    """Publishes an online table whenever its source has a new version, until that is not wanted more."""

    def __init__(self, owner: OnlineStores, name: str, pipeline_id: str):
        self.error: str | None = None
        self._owner = owner
        self._name = name
        self._pipeline_id = pipeline_id
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"publish {name}", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self.thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_SECONDS):
            try:
                if not self._follow_once():
                    return
                self.error = None
            except SupersededError:
                continue  # look what it is now
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and may pass
                if str(error) != self.error:
                    _logger.warning("Online table %s is not kept in step: %s", self._name, error)
                self.error = str(error)

    def _follow_once(self) -> bool:
        """Publish if there is something new; tell whether to go on."""
        told = self._owner._find(published_tables.c.name == self._name)
        if told is None or (told["pipeline_id"], told["publish_mode"]) != (
            self._pipeline_id,
            PublishMode.CONTINUOUS,
        ):
            return False  # deleted, or published in another mode, by another process
        publisher = self._owner._publisher
        if publisher.is_behind(told):
            publisher.publish(
                told["source"],
                self._name,
                told["store"],
                PublishMode.CONTINUOUS,
                told["creator"],
                only_after=told["last_update"]["id"],
            )
        return True


def _store(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(stores).where(stores.c.name == name)).one_or_none()


def _required_store(connection: Connection, name: str) -> OnlineStore:
    found = _store(connection, name)
    if found is None:
        raise NotFoundError(f"Online store with name '{name}' not found")
    return OnlineStore(**found._mapping)


def _drop(connection: Connection, table: Row[Any]) -> None:
    drop_physical(connection, table.physical)
    connection.execute(delete(published_tables).where(published_tables.c.name == table.name))


def _valid_capacity(capacity: Any) -> str:
    if capacity not in CAPACITIES:
        raise OnlineStoreError(
            f"Invalid capacity {capacity!r}. Valid values are {', '.join(CAPACITIES)}."
        )
    return str(capacity)


def _valid_replicas(count: Any) -> int:
    if not isinstance(count, int) or not 0 <= count <= MOST_REPLICAS:
        raise OnlineStoreError(
            f"Invalid read_replica_count {count!r}: an online store has 0 to {MOST_REPLICAS}."
        )
    return count


def _valid_mode(mode: str) -> PublishMode:
    try:
        return PublishMode(mode)
    except ValueError as error:
        raise OnlineStoreError(
            f"Invalid publish mode: {mode}. There are {', '.join(PublishMode)}."
        ) from error
