"""A reverted commit takes its files away, and brings back those that it removed."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakelab.local.delta.commit import commit
from lakelab.local.delta.revert import revert_actions


@pytest.fixture
def folder(tmp_path):
    """A table: a version with two rows, a rewrite of these, and a later append."""
    write_deltalake(tmp_path, pa.table({"id": [1, 2]}))
    DeltaTable(tmp_path).update({"id": "id + 10"})
    write_deltalake(tmp_path, pa.table({"id": [3]}), mode="append")
    return tmp_path


def ids(folder) -> list[int]:
    return sorted(DeltaTable(folder).to_pyarrow_table()["id"].to_pylist())


def test_later_commits_stay(folder):
    assert ids(folder) == [3, 11, 12]
    commit(DeltaTable(folder), folder, "RESTORE", revert_actions(folder, 1))
    assert ids(folder) == [1, 2, 3]


def test_the_statistics_of_the_old_files_come_back(folder):
    adds = [action["add"] for action in revert_actions(folder, 1) if "add" in action]
    assert all("stats" in add for add in adds)


def test_a_checkpoint_may_have_replaced_the_old_commit(folder):
    DeltaTable(folder).create_checkpoint()
    (folder / "_delta_log" / f"{0:020}.json").unlink()
    commit(DeltaTable(folder), folder, "RESTORE", revert_actions(folder, 1))
    assert ids(folder) == [1, 2, 3]
