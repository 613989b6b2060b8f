"""A publish is atomic, even if a process is killed, publishes or reads at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.online_store.database import Database

from .conftest import PATIENCE_SECONDS, Lab, wait_for

CHILD = Path(__file__).parent / "publish_in_a_process.py"


# ---- killed -----------------------------------------------------------------------------------------
def in_a_process(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), str(lab.home.root), *arguments]
    environment = {**os.environ, "LAKELAB_ONLINE_STORE": lab.url}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("kind", "point"),
    [
        ("first", "all written"),
        ("incremental", "first rows written"),
        ("incremental", "all written"),
        ("snapshot", "first rows written"),
        ("other columns", "all written"),
    ],
)
def test_a_killed_publish_leaves_the_old_rows_and_the_next_publish_succeeds(
    lab: Lab, kind: str, point: str
) -> None:
    lab.create("t", {"id": range(100), "x": ["old"] * 100})
    if kind != "first":
        lab.publish("t")
        lab.delta("t").update(updates={"x": "'new'"})
    if kind == "other columns":
        lab.append("t", {"id": [100], "x": ["new"], "y": [1]}, schema_mode="merge")
    mode = "SNAPSHOT" if kind == "snapshot" else "TRIGGERED"
    killed = in_a_process(lab, mode, point)
    output, _ = killed.communicate(timeout=PATIENCE_SECONDS)
    assert (killed.returncode, output.strip()) == (-signal.SIGKILL, point)
    if kind == "first":
        with pytest.raises(NotFoundError):
            lab.online("t")
        assert lab.tables_of_rows() == set()
    else:
        assert {row["x"] for row in lab.rows_online("t")} == {"old"}
        assert len(lab.rows_online("t")) == 100
    published = lab.publish("t", mode)
    assert published.written == (101 if kind == "other columns" else 100)
    assert {row["x"] for row in lab.rows_online("t")} == {"old" if kind == "first" else "new"}
    assert len(lab.tables_of_rows()) == 1


def test_two_processes_can_publish_the_same_table_at_the_same_time(lab: Lab) -> None:
    lab.create("t", {"id": range(100), "x": range(100)})
    processes = [in_a_process(lab, mode, "nowhere") for mode in ("TRIGGERED", "SNAPSHOT")]
    for key in range(100, 103):
        lab.append("t", {"id": [key], "x": [key]})
        lab.publish("t")
    for process in processes:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, output.strip()) == (0, "5 times")
    lab.publish("t")
    assert lab.rows_online("t") == [{"id": key, "x": key} for key in range(103)]
    assert len(lab.tables_of_rows()) == 1


# ---- readers ----------------------------------------------------------------------------------------
COLUMNS = [f"c{number}" for number in range(12)]
READERS = 8


class Reader(threading.Thread):
    """A thread that looks one key up repeatedly, and records inconsistent rows."""

    def __init__(self, lab: Lab, keys: list[int]):
        super().__init__(daemon=True)
        self.reads = 0
        self.seen: set[int] = set()
        self.wrong: list[Any] = []
        self.stopped = False
        self._pause = threading.Event()
        self._online = lab.online("t")
        self._keys = keys

    def run(self) -> None:
        newest = dict.fromkeys(self._keys, 0)
        try:
            while not self.stopped:
                for key in self._keys:
                    row = self._online.lookup(key)
                    values = {row[column] for column in COLUMNS} if row else set()
                    if len(values) != 1 or min(values) < newest[key]:
                        self.wrong.append((key, row))
                    else:
                        newest[key] = values.pop()
                        self.seen.add(newest[key])
                self.reads += 1
                self._pause.wait(0.001)  # the readers and the publish share one interpreter
        except BaseException as error:  # the error of a thread would not be visible
            self.wrong.append(error)
            raise


def version_of(number: int, rows: int = 500) -> pa.Table:
    return pa.table({"id": range(rows), **{column: [number] * rows for column in COLUMNS}})


@pytest.fixture
def readers(lab: Lab) -> Iterator[list[Reader]]:
    lab.create("t", version_of(0))
    lab.publish("t")
    threads = [Reader(lab, [place, 250 + place, 492 + place]) for place in range(READERS)]
    for thread in threads:
        thread.start()
    yield threads
    for thread in threads:
        thread.stopped = True
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_readers_see_consistent_rows_and_never_wait_for_a_publish(
    lab: Lab, readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakelab.local.online_store.source.BATCH_ROWS", 100)
    writing = Database.write
    held = []

    def hold() -> None:
        """Stop within the transaction until each reader has read more rows."""
        before = [reader.reads for reader in readers]
        wait_for(
            lambda: all(r.reads >= n + 3 for r, n in zip(readers, before, strict=True)),
            "all readers go on reading while a publish is not finished",
        )
        held.append(True)

    def held_writing(self: Database, connection: Any, table: Any, batches: Any, keys: Any) -> int:
        def slowly() -> Iterator[Any]:
            for place, rows in enumerate(batches):
                if place == 1:
                    hold()
                yield rows

        written = writing(self, connection, table, slowly(), keys)
        hold()
        return written

    monkeypatch.setattr(Database, "write", held_writing)
    for number in range(1, 11):
        lab.delta("t").update(updates=dict.fromkeys(COLUMNS, str(number)))
        if number == 5:  # the rows move to another database table
            data = version_of(number, 1).append_column("new", pa.array([1]))
            lab.delta("t").delete("id = 0")
            lab.append("t", data, schema_mode="merge")
        published = lab.publish("t", "SNAPSHOT" if number % 3 == 0 else "TRIGGERED")
        expected = "full" if number % 3 == 0 or number == 5 else "incremental"
        assert (published.kind, published.written) == (expected, 500)
    assert len(held) == 20
    wait_for(lambda: all(10 in reader.seen for reader in readers), "the last version is seen")
    assert [wrong for reader in readers for wrong in reader.wrong[:1]] == []
    assert set.union(*(reader.seen for reader in readers)) == set(range(11))
