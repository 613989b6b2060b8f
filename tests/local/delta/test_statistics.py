"""The statistics of columns are removed from the log of a table, and all else of its files stays."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakelab.local.delta.commit import commit
from lakelab.local.delta.metadata import Metadata
from lakelab.local.delta.statistics import (
    NO_STATISTICS,
    StatisticsError,
    omits,
    omits_statistics,
    removal_actions,
)

ROWS = pa.table({"id": [1, 2], "x": [math.nan, 5.0], "p": ["a b", "c/d"]})


def actions(folder):
    delta = DeltaTable(folder)
    return removal_actions(delta, folder, Metadata.read(delta))


def remove(folder):
    commit(DeltaTable(folder), folder, "COMPUTE STATS", actions(folder))


def bounds(folder):
    """Return the columns of the log that hold the minimum or the maximum of a column."""
    files = DeltaTable(folder).get_add_actions(flatten=True)
    return [name for name in files.schema.names if name.startswith(("min.", "max."))]


@pytest.mark.parametrize("partition_by", [None, ["p"]])
@pytest.mark.parametrize("checkpoint", [False, True])
def test_the_files_stay(tmp_path, partition_by, checkpoint):
    write_deltalake(tmp_path, ROWS, partition_by=partition_by)
    write_deltalake(tmp_path, ROWS, mode="append")
    DeltaTable(tmp_path).delete("id = 2")
    if checkpoint:
        DeltaTable(tmp_path).create_checkpoint()
        (tmp_path / "_delta_log" / f"{0:020}.json").unlink()
    before = DeltaTable(tmp_path)
    assert "max.x" in bounds(tmp_path)
    remove(tmp_path)
    after = DeltaTable(tmp_path)
    assert bounds(tmp_path) == []
    assert sorted(after.file_uris()) == sorted(before.file_uris())
    assert after.to_pyarrow_table()["id"].to_pylist() == [1, 1]
    files = pa.table(after.get_add_actions(flatten=True))
    assert sum(files.column("num_records").to_pylist()) == 2
    assert not any(action["add"]["dataChange"] for action in actions_of_last(tmp_path))
    assert actions(tmp_path) == []


def actions_of_last(folder):
    text = max((folder / "_delta_log").glob("*.json")).read_text()
    return [line for line in map(json.loads, text.splitlines()) if "add" in line]


def test_later_writes_have_no_statistics_either(tmp_path):
    write_deltalake(tmp_path, ROWS)
    remove(tmp_path)
    write_deltalake(tmp_path, ROWS, mode="append")
    DeltaTable(tmp_path).optimize.compact()
    assert bounds(tmp_path) == []
    assert omits(DeltaTable(tmp_path).metadata().configuration)


def test_a_table_without_such_columns_stays_as_it_is(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1]}))
    assert actions(tmp_path) == []


def test_other_properties_stay(tmp_path):
    write_deltalake(tmp_path, ROWS, configuration={"delta.appendOnly": "true"})
    remove(tmp_path)
    expected = {"delta.appendOnly": "true", **NO_STATISTICS}
    assert DeltaTable(tmp_path).metadata().configuration == expected


def test_a_table_that_was_created_without_statistics_is_known_by_its_first_commit(tmp_path):
    write_deltalake(tmp_path / "with", ROWS)
    write_deltalake(tmp_path / "without", ROWS, configuration=NO_STATISTICS)
    assert [omits_statistics(tmp_path / n) for n in ("with", "without")] == [False, True]
    assert actions(tmp_path / "without") == []


def test_a_log_whose_files_are_not_found_is_refused(tmp_path):
    write_deltalake(tmp_path, ROWS)
    write_deltalake(tmp_path, ROWS, mode="append")
    delta = DeltaTable(tmp_path)
    metadata = replace(Metadata.read(delta))
    (tmp_path / "_delta_log" / f"{0:020}.json").unlink()
    with pytest.raises(StatisticsError, match="not in the usual form"):
        removal_actions(delta, tmp_path, metadata)
