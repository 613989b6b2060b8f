"""The source of an online table: the latest row for each key, and the changed keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakelab.local.online_store.source import Source
from lakelab.local.online_store.values import OnlineColumn

from .conftest import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    """A lab on SQLite; these tests do not use the database."""
    made = Lab(tmp_path, "")
    yield made
    made.stores.close()


def source(lab: Lab, table: str = "t") -> Source:
    opened = lab.unity.table(lab.name(table))
    key = opened.primary_key
    assert key is not None
    return Source(opened, key)


def changed(lab: Lab, since: int) -> list[Any] | None:
    keys = source(lab).changed_keys(since)
    return None if keys is None else sorted(keys.column("id").to_pylist())


def latest(lab: Lab, among: pa.Table | None = None) -> list[tuple[Any, ...]]:
    with source(lab).latest_rows("sqlite", among) as batches:
        return [row for rows in batches for row in rows]


def test_the_source_has_columns_and_keys(lab: Lab) -> None:
    data = {"id": [1], "ts": pa.array([0], pa.timestamp("us", "UTC")), "x": [[1.5]]}
    lab.create("t", data, keys=["ts", "id"], time="ts")
    assert source(lab).keys == ["id"]
    assert source(lab).timeseries_column == "ts"
    assert source(lab).columns == [
        OnlineColumn("id", "long"),
        OnlineColumn("ts", "timestamp"),
        OnlineColumn("x", "nested"),
    ]


def test_the_latest_row_of_each_key_is_read_in_the_order_of_the_keys(lab: Lab) -> None:
    data = {"id": [3, 1, 3, 2, 1], "day": [1, 5, 2, 1, 4], "x": ["a", "b", None, "d", "e"]}
    lab.create("t", data, keys=["id", "day"], time="day")
    assert latest(lab) == [(1, 5, "b"), (2, 1, "d"), (3, 2, None)]
    assert latest(lab, pa.table({"id": [3, 7]})) == [(3, 2, None)]


def test_an_empty_table_has_no_rows(lab: Lab) -> None:
    lab.create("t", pa.table({"id": pa.array([], pa.int64()), "x": pa.array([], pa.string())}))
    assert latest(lab) == []
    assert changed(lab, 0) == []


def test_the_keys_of_inserted_updated_and_deleted_rows_are_returned(lab: Lab) -> None:
    lab.create("t", {"id": [1, 2, 3, 4], "x": [1.0, 2.0, float("nan"), None]})
    before = source(lab).table.version
    lab.append("t", {"id": [5], "x": [5.0]})
    assert changed(lab, before) == [5]
    lab.delta("t").update(updates={"x": "20"}, predicate="id = 2")
    assert changed(lab, before) == [2, 5]
    lab.delta("t").delete("id = 1")
    assert changed(lab, before) == [1, 2, 5]
    assert changed(lab, before + 1) == [1, 2]
    lab.delta("t").optimize.compact()
    assert changed(lab, before) == [1, 2, 5]
    assert changed(lab, before + 3) == []


def test_a_row_that_is_duplicated_has_changed(lab: Lab) -> None:
    lab.create("t", {"id": [1, 2], "x": [1, 2]})
    before = source(lab).table.version
    lab.append("t", {"id": [2], "x": [2]})
    assert changed(lab, before) == [2]
    lab.delta(
        "t"
    ).optimize.compact()  # one file has the row twice, and the earlier file had it once
    assert changed(lab, before) == [2]


@pytest.mark.parametrize("partition_by", [None, ["part"]])
def test_changes_are_unknown_if_the_files_of_the_version_are_deleted(
    lab: Lab, partition_by: list[str] | None
) -> None:
    data = {"id": [1, 2], "part": ["a", "b"], "x": [1, 2]}
    lab.create("t", data, partition_by=partition_by)
    before = source(lab).table.version
    lab.delta("t").update(updates={"x": "0"}, predicate="id = 1")
    assert changed(lab, before) == [1]
    lab.delta("t").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert changed(lab, before) is None


def test_changes_are_unknown_if_the_log_of_the_version_is_deleted(lab: Lab) -> None:
    lab.create("t", {"id": [1], "x": [1]})
    before = source(lab).table.version
    lab.append("t", {"id": [2], "x": [2]})
    lab.delta("t").create_checkpoint()
    for entry in (lab.unity.path(lab.name("t")) / "_delta_log").glob("*.json"):
        if int(entry.stem) <= before:
            entry.unlink()
    assert changed(lab, before) is None
    assert latest(lab) == [(1, 1), (2, 2)]


def test_the_changed_keys_of_a_partitioned_table_are_returned(lab: Lab) -> None:
    data = {"id": [1, 2, 3], "part": ["a", "b", "b c/%"], "x": [1, 2, 3]}
    lab.create("t", data, partition_by=["part"])
    before = source(lab).table.version
    lab.append("t", {"id": [4], "part": ["a"], "x": [4]})
    lab.delta("t").delete("id = 3")
    assert changed(lab, before) == [3, 4]
    assert latest(lab) == [(1, "a", 1), (2, "b", 2), (4, "a", 4)]


NEW_COLUMNS: dict[str, pa.Array] = {
    "string": pa.array(["x"]),
    "byte": pa.array([1], pa.int8()),
    "long": pa.array([1]),
    "float": pa.array([1.5], pa.float32()),
    "boolean": pa.array([True]),
    "timestamp": pa.array([0], pa.timestamp("us", "UTC")),
    "timestamp_ntz": pa.array([0], pa.timestamp("us")),
    "date": pa.array([0], pa.date32()),
    "decimal": pa.array([1], pa.int8()).cast(pa.decimal128(9, 2)),
    "binary": pa.array([b"\0"]),
    "array": pa.array([[1]]),
    "struct": pa.array([{"a": 1, "b c": ["x"]}]),
}


@pytest.mark.parametrize("type", NEW_COLUMNS)
def test_a_column_that_was_added_is_null_in_older_files(lab: Lab, type: str) -> None:
    lab.create("t", {"id": [1]})
    new = NEW_COLUMNS[type]
    lab.append("t", pa.table({"id": [2], "x": new}).slice(1), schema_mode="merge")
    assert source(lab).columns[1].name == "x"
    assert latest(lab) == [(1, None)]  # no file has the column
    before = source(lab).table.version
    lab.append("t", pa.table({"id": [2], "x": new}))
    assert latest(lab)[0] == (1, None)
    assert latest(lab)[1][1] is not None
    assert changed(lab, before) == [2]
    lab.delta("t").optimize.compact()
    assert changed(lab, before) == [2]
