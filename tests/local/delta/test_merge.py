"""Rows are updated by key and inserted, in one commit that Sail can read."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from lakelab.local.delta.merge import upsert

SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("temp", pa.float64())])


def rows(*pairs) -> pa.Table:
    return pa.Table.from_pylist([{"id": i, "temp": t} for i, t in pairs], schema=SCHEMA)


@pytest.fixture(params=["plain", "partitioned"])
def folder(tmp_path, request):
    """A table that is merged here, and one that delta-rs merges."""
    partitions = ["id"] if request.param == "partitioned" else None
    write_deltalake(tmp_path, rows((1, 1.5), (2, 2.5)), partition_by=partitions)
    return tmp_path


def content(folder) -> list[dict]:
    return DeltaTable(folder).to_pyarrow_table().sort_by("id").to_pylist()


def test_known_keys_are_updated_and_others_inserted(folder):
    upsert(DeltaTable(folder), folder, rows((2, 20.0), (3, 30.0)), ["id"])
    assert content(folder) == rows((1, 1.5), (2, 20.0), (3, 30.0)).to_pylist()


def test_a_new_column_is_added(folder):
    data = rows((2, 20.0)).append_column("wind gust", pa.array([7.0]))
    upsert(DeltaTable(folder), folder, data, ["id"])
    assert content(folder) == [
        {"id": 1, "temp": 1.5, "wind gust": None},
        {"id": 2, "temp": 20.0, "wind gust": 7.0},
    ]


def test_the_second_of_two_writers_fails_and_leaves_no_file(tmp_path):
    write_deltalake(tmp_path, rows((1, 1.5)))
    stale = DeltaTable(tmp_path)
    write_deltalake(tmp_path, rows((2, 2.5)), mode="append")
    before = set(tmp_path.glob("*.parquet"))
    with pytest.raises(CommitFailedError):
        upsert(stale, tmp_path, rows((1, 10.0)), ["id"])
    assert set(tmp_path.glob("*.parquet")) == before
    assert content(tmp_path) == rows((1, 1.5), (2, 2.5)).to_pylist()
