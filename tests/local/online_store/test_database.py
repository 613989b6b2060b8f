"""The database: its selection, transactions, connections of threads, and restarts."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lakelab.local.online_store import OnlineStores
from lakelab.local.online_store.database import VARIABLE, Database, OnlineStoreError

from .conftest import PATIENCE_SECONDS, STORE, Lab
from .postgresql import Server


# ---- which one --------------------------------------------------------------------------------------
def test_without_the_variable_the_database_is_sqlite_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    database = Database(tmp_path / "new" / "online")
    assert database.dialect == "sqlite"
    assert database.location == f"sqlite:///{tmp_path}/new/online/online.db"
    assert (tmp_path / "new" / "online" / "online.db").is_file()
    monkeypatch.setenv(VARIABLE, "  ")
    assert Database(tmp_path).dialect == "sqlite"


def test_a_folder_can_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "100 % ?x=1#ü"
    with Database(folder, "").snapshot() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    assert (folder / "online.db").is_file()


def test_the_variable_selects_postgresql(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f" {server.url}?options=-csearch_path%3Dpublic\n")
    database = Database(tmp_path)
    with database.reading.connect() as connection:
        assert "PostgreSQL" in str(connection.execute(text("SELECT version()")).scalar())
    assert database.dialect == "postgresql"
    assert server.url.split(":")[2].split("@")[0] not in database.location
    assert not list(tmp_path.iterdir())
    database.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "LAKELAB_ONLINE_STORE is not the URL of a database. Expected: postgresql://"),
        ("localhost:5432", "LAKELAB_ONLINE_STORE is not the URL of a database"),
        ("mysql://u:secret@h/d", "a database of the kind 'mysql'. The online store works on PostgreSQL"),
        ("postgresql://u:secret@127.0.0.1:1/d", r"at postgresql\+psycopg://u:\*\*\*@127.0.0.1:1/d cannot be reached: .*refused"),
    ],
)  # fmt: skip
def test_an_unusable_database_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    with (
        pytest.raises(OnlineStoreError, match=message) as caught,
        Database(tmp_path).transaction(),
    ):
        pass
    assert "secret" not in str(caught.value)
    if "127.0.0.1" in url:
        with pytest.raises(OnlineStoreError, match=message), Database(tmp_path).snapshot():
            pass


def test_a_missing_driver_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OnlineStoreError, match=r"pip install 'psycopg\[binary\]'"):
        Database(tmp_path, "postgresql://u:p@127.0.0.1:1/d")


# ---- transactions -----------------------------------------------------------------------------------
def test_an_error_rolls_the_transaction_back(lab: Lab) -> None:
    database = lab.stores.database
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.execute(text("CREATE TABLE half (x INTEGER)"))
        connection.execute(text("INSERT INTO half VALUES (1)"))
        raise ZeroDivisionError
    assert lab.tables_of_rows() == set()


def test_a_second_transaction_waits_for_the_first(lab: Lab) -> None:
    order: list[str] = []
    requested = threading.Event()

    def second() -> None:
        requested.set()
        another = OnlineStores(lab.home, lab.unity, lab.url)
        with another.database.transaction():
            order.append("second")
        another.close()

    with lab.stores.database.transaction():
        thread = threading.Thread(target=second)
        thread.start()
        assert requested.wait(60)
        thread.join(0.3)  # enough time for a failure; the order below shows that the thread waits
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]


def test_the_first_read_does_not_wait_for_a_publish_of_another_process(lab: Lab) -> None:
    with lab.stores.database.transaction():
        another = OnlineStores(lab.home, lab.unity, lab.url)
        result: list[Any] = []
        thread = threading.Thread(target=lambda: result.append(another.get(STORE)))
        thread.start()
        thread.join(60)
        assert [store.name for store in result] == [STORE]
    another.close()


@pytest.mark.parametrize("mode", ["TRIGGERED", "SNAPSHOT"])
def test_an_open_reader_does_not_block_a_publish_and_sees_the_old_rows(lab: Lab, mode: str) -> None:
    lab.create("t", {"id": [1, 2], "x": ["old", "old"]})
    lab.publish("t")
    database = lab.stores.database
    select = f'SELECT x FROM "{lab.stores.describe("main.f.t_online")["physical"]}"'
    begin = "BEGIN" if not lab.url else "BEGIN ISOLATION LEVEL REPEATABLE READ"
    with database.snapshot() as connection:
        connection.exec_driver_sql(begin)
        assert connection.exec_driver_sql(select).scalars().all() == ["old", "old"]
        lab.delta("t").update(updates={"x": "'new'"})
        thread = threading.Thread(target=lab.publish, args=("t", mode), daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
        assert connection.exec_driver_sql(select).scalars().all() == ["old", "old"]
        connection.exec_driver_sql("COMMIT")
        assert connection.exec_driver_sql(select).scalars().all() == ["new", "new"]


# ---- connections ------------------------------------------------------------------------------------
def test_lookups_of_many_threads_leave_no_connection_open(lab: Lab) -> None:
    lab.create("t", {"id": range(100), "x": range(100)})
    lab.publish("t")
    online = [lab.online("t") for _ in range(3)]
    barrier = threading.Barrier(40, timeout=60)
    found: list[Any] = []

    def look(key: int) -> None:
        rows = [table.lookup(key) for table in online]
        barrier.wait()  # each thread keeps its connection until all threads have one
        found.append(rows)

    for _ in range(2):
        threads = [threading.Thread(target=look, args=(key,)) for key in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(found) == 80
    pool: Any = lab.stores.database.reading.pool
    assert pool.checkedout() == 0
    assert sorted(rows[0]["id"] for rows in found) == sorted([*range(40)] * 2)


def test_lookups_work_after_close(lab: Lab) -> None:
    lab.create("t", {"id": [1]})
    lab.publish("t")
    online = lab.online("t")
    assert online.lookup(1) == {"id": 1}
    driver = lab.stores.database.driver_connection
    driver.execute("SELECT 1")
    lab.stores.close()
    with pytest.raises(lab.stores.database.Error, match="closed"):
        driver.execute("SELECT 1")
    assert online.lookup(1) == {"id": 1}


def test_lookups_and_publishes_work_after_a_restart_of_postgresql(
    server: Server, tmp_path: Path
) -> None:
    schema = "restarted"
    lab = _lab_in(server, schema, tmp_path)
    lab.create("t", {"id": [1], "x": [1]})
    lab.publish("t")
    online = lab.online("t")
    assert online.lookup(1) == {"id": 1, "x": 1}
    server.restart()
    assert online.lookup(1) == {"id": 1, "x": 1}
    lab.stores.list()  # leaves a connection in the pool for the publish
    server.restart()
    lab.append("t", {"id": [2], "x": [2]})
    assert lab.publish("t").kind == "incremental"
    assert online.lookup(2) == {"id": 2, "x": 2}
    lab.stores.close()


def test_a_lookup_without_the_database_raises(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.create("t", {"id": [1]})
    lab.publish("t")
    online = lab.online("t")

    def broken(*_: Any) -> None:
        raise lab.stores.database.Error("the disk is on fire")

    monkeypatch.setattr(lab.stores.database, "fetch", broken)
    with pytest.raises(
        OnlineStoreError, match=r"'main.f.t_online' cannot be read: the disk is on fire"
    ):
        online.lookup(1)


def _lab_in(server: Server, schema: str, folder: Path) -> Lab:
    database = Database(folder, server.url)
    with database.writing.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    database.close()
    return Lab(folder, f"{server.url}?options=-csearch_path%3D{schema}")
