"""A snapshot of a log shows whether the engine must read the columns of the table again."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakelab.local.delta.commit import commit
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.delta.metadata import Metadata

ROWS = pa.table({"id": [1]})


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "t"
    write_deltalake(folder, ROWS)
    return folder


def test_an_unchanged_table_has_the_same_snapshot(folder):
    snapshot = LogSnapshot.read(folder)
    assert snapshot.refresh() is snapshot


def test_appended_rows_leave_the_columns_as_they_are(folder):
    snapshot = LogSnapshot.read(folder)
    write_deltalake(folder, ROWS, mode="append")
    refreshed = snapshot.refresh()
    assert refreshed is not None
    assert refreshed == LogSnapshot.read(folder)
    assert refreshed.version == 1


def test_changed_metadata_must_be_read_again(folder):
    snapshot = LogSnapshot.read(folder)
    delta = DeltaTable(folder)
    commit(delta, folder, "SET TBLPROPERTIES", [Metadata.read(delta).action()])
    assert snapshot.refresh() is None


def test_a_dropped_table_must_be_read_again(folder):
    snapshot = LogSnapshot.read(folder)
    shutil.rmtree(folder)
    assert snapshot.refresh() is None
    assert LogSnapshot.read(folder).version == -1


def test_a_replaced_table_must_be_read_again(folder, tmp_path):
    snapshot = LogSnapshot.read(folder)
    folder.rename(tmp_path / "old")
    write_deltalake(folder, ROWS)
    assert snapshot.refresh() is None
