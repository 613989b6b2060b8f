"""Fixtures of the online store tests: both databases, and a small Unity Catalog with feature tables."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from sqlalchemy import create_engine, make_url

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.online_store import OnlineStores, OnlineTable, Published
from lakelab.local.system.home import Home

from .postgresql import Server, postgresql, programs

STORE = "features"
FEED = {"delta.enableChangeDataFeed": "true"}
PATIENCE_SECONDS = 60
"""Maximum time until an expected event, before a test fails."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL for all tests of a run."""
    if programs() is None and os.environ.get("CI", "") != "true":
        pytest.skip("PostgreSQL is not installed. On Debian: apt install postgresql")
    with postgresql() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database: empty for SQLite in the home, or a new schema in PostgreSQL."""
    if request.param == "sqlite":
        yield ""
        return
    server: Server = request.getfixturevalue("server")
    schema = f"t_{uuid.uuid4().hex[:12]}"
    engine = create_engine(make_url(server.url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    yield f"{server.url}?options=-csearch_path%3D{schema}"
    engine.dispose()


class Lab:
    """A home with one schema, ``main.f``, and its online stores.

    Parameters
    ----------
    folder : Path
    url : str
        The PostgreSQL; empty for SQLite.
    """

    def __init__(self, folder: Path, url: str):
        self.home = Home(folder).prepare()
        self.url = url
        self.unity = UnityCatalog(self.home.warehouse)
        self.unity.create_catalog("main")
        self.unity.create_schema("main", "f")
        self.stores = OnlineStores(self.home, self.unity, url)
        self.stores.create(STORE, "CU_1")

    def create(
        self,
        table: str,
        data: pa.Table | dict[str, Any],
        keys: Sequence[str] = ("id",),
        time: str | None = None,
        properties: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Create a feature table that can be published."""
        data = data if isinstance(data, pa.Table) else pa.table(data)
        fields = [field.with_nullable(field.name not in keys) for field in data.schema]
        with self.unity.staged(self.name(table)) as folder:
            write_deltalake(folder, data.cast(pa.schema(fields)), **options)
        if keys:
            key = PrimaryKey(f"{table}_pk", tuple(keys), time)
            self.unity.table(self.name(table)).set_primary_key(key)
        if properties := FEED if properties is None else properties:
            self.unity.table(self.name(table)).set_properties(properties)

    def append(self, table: str, data: pa.Table | dict[str, Any], **options: Any) -> None:
        """Append rows; the columns are cast to those of the table."""
        data = data if isinstance(data, pa.Table) else pa.table(data)
        known = pa.schema(self.delta(table).schema().to_arrow())
        fields = [
            known.field(field.name) if field.name in known.names else field for field in data.schema
        ]
        write_deltalake(self.delta(table), data.cast(pa.schema(fields)), mode="append", **options)

    def delta(self, table: str) -> DeltaTable:
        return self.unity.table(self.name(table)).delta

    def name(self, table: str) -> TableName:
        return TableName("main", "f", table)

    def publish(self, table: str, mode: str = "TRIGGERED", online: str | None = None) -> Published:
        """Publish ``main.f.<table>`` to ``main.f.<table>_online``."""
        return self.stores.publish(
            f"main.f.{table}", f"main.f.{online or f'{table}_online'}", STORE, mode
        )

    def online(self, table: str) -> OnlineTable:
        return self.stores.table(f"main.f.{table}_online")

    def rows_online(self, table: str) -> list[dict[str, Any]]:
        """Return all online rows in the order of the keys, so that unexpected rows are found, too."""
        table_info = self.stores.describe(f"main.f.{table}_online")
        keys = ", ".join(f'"{key}"' for key in table_info["keys"])
        with self.stores.database.snapshot() as connection:
            found = connection.exec_driver_sql(
                f'SELECT {keys} FROM "{table_info["physical"]}" ORDER BY {keys}'
            ).all()
        rows = self.online(table).lookup_many(tuple(row) for row in found)
        assert all(row is not None for row in rows)
        return [row for row in rows if row is not None]

    def tables_of_rows(self) -> set[str]:
        """Return the names of the database tables with rows of online tables."""
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if self.stores.database.dialect == "sqlite"
            else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
        with self.stores.database.snapshot() as connection:
            names = {str(row[0]) for row in connection.exec_driver_sql(query)}
        return names - {"lakelab_online_stores", "lakelab_online_tables"}


@pytest.fixture
def lab(tmp_path: Path, url: str) -> Iterator[Lab]:
    """A lab with an online store of the name ``STORE``, on either database."""
    made = Lab(tmp_path, url)
    yield made
    made.stores.close()


@pytest.fixture
def table(lab: Lab) -> Lab:
    """A lab with ``main.f.t``, three rows of it online."""
    lab.create("t", {"id": [1, 2, 3], "x": ["a", "b", "c"]})
    lab.publish("t")
    return lab


def wait_for(condition: Callable[[], Any], what: str) -> None:
    """Wait until a condition is true; fail after ``PATIENCE_SECONDS``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"The condition never became true: {what}"
        time.sleep(0.01)
