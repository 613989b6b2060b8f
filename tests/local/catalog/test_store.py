"""Tables are folders: no table is half created, and one writer at a time changes a table."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog


@pytest.fixture
def unity(tmp_path) -> UnityCatalog:
    unity = UnityCatalog(tmp_path)
    unity.create_catalog("main")
    unity.create_schema("main", "flights")
    return unity


NAME = TableName("main", "flights", "weather")
ROWS = pa.table({"origin": ["EWR", "JFK"], "temp": [39.0, None]})


def test_a_staged_table_gets_its_name_only_when_all_is_written(unity):
    with unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS)
        assert not unity.exists(NAME)
        assert unity.tables("main", "flights") == []
    assert unity.tables("main", "flights") == [NAME]
    assert DeltaTable(unity.path(NAME)).to_pyarrow_table().num_rows == 2


def test_a_staged_table_that_fails_leaves_nothing(unity):
    with pytest.raises(RuntimeError, match="out of paper"), unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS)
        raise RuntimeError("out of paper")
    assert not unity.exists(NAME)
    assert list((unity.warehouse / "main" / "flights").iterdir()) == []


def test_the_second_of_two_writers_that_create_a_table_fails(unity):
    def create_meanwhile():
        with unity.staged(NAME) as folder:
            write_deltalake(folder, ROWS)

    with pytest.raises(AlreadyExistsError, match="already exists"), unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS.slice(0, 1))
        create_meanwhile()
    assert DeltaTable(unity.path(NAME)).to_pyarrow_table().num_rows == 2


@pytest.mark.parametrize("is_first", [True, False])
def test_one_of_several_writers_that_create_a_table_at_once_wins(unity, is_first):
    """Each in its turn: whoever is late learns it before its rows would be lost."""
    other = UnityCatalog(unity.warehouse)
    first, second = (unity, other) if is_first else (other, unity)
    with pytest.raises(AlreadyExistsError) as raised, first.staged(NAME) as slow:
        write_deltalake(slow, ROWS)
        with second.staged(NAME) as fast:
            write_deltalake(fast, ROWS.slice(0, 1))
        assert unity.exists(NAME)
    assert raised.value.condition == "TABLE_OR_VIEW_ALREADY_EXISTS"
    assert DeltaTable(unity.path(NAME)).to_pyarrow_table().num_rows == 1


def test_the_error_for_a_missing_object_lists_the_existing_ones(unity):
    with pytest.raises(NotFoundError, match="Schema 'main.flights' has: no table"):
        unity.table(NAME)
    with pytest.raises(NotFoundError, match="Schema 'main.x' does not exist.*CREATE SCHEMA main.x"):
        unity.table(TableName("main", "x", "t"))
    with pytest.raises(NotFoundError, match="Catalog 'x' does not exist. There are: main"):
        unity.table(TableName("x", "flights", "t"))


def test_one_writer_at_a_time(unity):
    order: list[str] = []
    inside = threading.Event()

    def second():
        inside.wait()
        with unity.locked(NAME):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with unity.locked(NAME):
        inside.set()
        thread.join(timeout=0.2)  # it cannot get in
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_abandoned_folders_are_deleted_and_those_of_running_processes_stay(unity):
    schema = unity.warehouse / "main" / "flights"
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    running, ended = (f".staging-{pid}-{'0' * 32}" for pid in (os.getpid(), process.pid))
    for name in (".staging-new", ".staging-old", ".trash-x", running, ended):
        (schema / name).mkdir()
    os.utime(schema / ".staging-old", (0, 0))
    unity.remove_unfinished()
    assert {folder.name for folder in schema.iterdir()} == {".staging-new", running}


def test_a_dropped_schema_takes_its_files_along(unity):
    write_deltalake(unity.path(NAME), ROWS)
    unity.drop_schema("main", "flights")
    assert unity.schemas("main") == []
    assert list((unity.warehouse / "main").iterdir()) == []


def test_a_table_that_is_created_again_has_another_folder(unity):
    folders = []
    for _ in range(2):
        with unity.staged(NAME) as folder:
            write_deltalake(folder, ROWS)
        folders.append(unity.path(NAME))
        unity.drop_table(NAME)
        assert unity.path(NAME).name == "weather"  # where a table would be
    assert folders[0] != folders[1]
    assert list((unity.warehouse / "main" / "flights").iterdir()) == []


def test_a_renamed_table_keeps_its_folder_and_a_new_one_under_its_name_has_another(unity):
    with unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS)
    first, new = unity.path(NAME), TableName("main", "flights", "climate")
    unity.rename_table(NAME, new)
    assert unity.path(new) == first.parent.with_name("climate") / first.name
    with unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS.slice(0, 1))
    assert unity.path(NAME).name != first.name
    assert unity.tables("main", "flights") == [new, NAME]


def test_a_table_of_the_first_version_is_read_in_place_and_gets_a_folder_of_its_own_when_renamed(
    unity,
):
    place = unity.warehouse / "main" / "flights" / "weather"
    write_deltalake(place, ROWS, partition_by=["origin"])
    assert (unity.path(NAME), unity.tables("main", "flights")) == (place, [NAME])
    new = TableName("main", "flights", "climate")
    unity.rename_table(NAME, new)
    assert unity.path(new).parent == place.with_name("climate")
    assert DeltaTable(unity.path(new)).to_pyarrow_table().num_rows == 2
    assert not unity.exists(NAME)
    unity.drop_table(new)
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["weather", "climate"])
def test_what_a_killed_process_left_at_a_name_does_not_block_it(unity, name):
    schema = unity.warehouse / "main" / "flights"
    with unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS)
    unity.rename_table(NAME, TableName("main", "flights", "other"))
    (schema / "climate").mkdir()  # of a rename
    part = schema / "weather" / "origin=EWR" / "part-00000-a.snappy.parquet"  # of a table
    part.parent.mkdir(parents=True)
    part.touch()
    with unity.staged(TableName("main", "flights", name)) as folder:
        write_deltalake(folder, ROWS)
    assert DeltaTable(unity.path(TableName("main", "flights", name))).version() == 0
    assert part.exists()  # it may be the user's


def test_a_table_is_not_renamed_to_a_folder_of_other_files(unity):
    with unity.staged(NAME) as folder:
        write_deltalake(folder, ROWS)
    photo = unity.warehouse / "main" / "flights" / "photos" / "a.jpg"
    photo.parent.mkdir()
    photo.touch()
    with pytest.raises(UnityCatalogError, match="photos is there, and is no Delta table"):
        unity.rename_table(NAME, TableName("main", "flights", "photos"))
    assert unity.exists(NAME)
    assert photo.exists()
