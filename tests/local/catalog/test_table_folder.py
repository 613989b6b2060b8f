"""The folder of a table's files is found by the table's name, in the form of each version."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakelab.local.catalog.table_folder import (
    find_table_folder,
    has_commits,
    is_interrupted,
    new_table_folder,
)

ROWS = pa.table({"k": [1]})


def test_a_new_folder_is_found_when_it_has_a_commit(tmp_path):
    named = tmp_path / "weather"
    folder = new_table_folder(named)
    (folder / "_delta_log").mkdir(parents=True)
    assert find_table_folder(named) is None
    write_deltalake(folder, ROWS)
    assert find_table_folder(named) == folder
    assert find_table_folder(tmp_path) is None  # it is no id


def test_a_table_of_the_first_version_is_in_the_folder_of_its_name(tmp_path):
    named = tmp_path / "weather"
    write_deltalake(named, ROWS)
    assert find_table_folder(named) == named


@pytest.mark.parametrize("file", [f"{3:020}.json", f"{3:020}.checkpoint.parquet"])
def test_a_log_whose_first_commits_were_deleted_is_a_table(tmp_path, file):
    (tmp_path / "_delta_log").mkdir()
    assert not has_commits(tmp_path)
    (tmp_path / "_delta_log" / file).touch()
    assert has_commits(tmp_path)


def test_only_data_files_are_an_interrupted_table(tmp_path):
    assert not is_interrupted(tmp_path / "absent")
    assert not is_interrupted(tmp_path)
    (tmp_path / "g=a").mkdir()
    (tmp_path / "g=a" / "part-00000-x.snappy.parquet").touch()
    assert is_interrupted(tmp_path)
    (tmp_path / "notes.txt").touch()
    assert not is_interrupted(tmp_path)
