"""Publish a feature table: the written rows in each mode, and the errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.online_store import PublishMode
from lakelab.local.online_store.database import OnlineStoreError

from .conftest import FEED, STORE, Lab

CHILD = Path(__file__).parent / "publish_in_a_process.py"
START = datetime(2024, 9, 1)


def hours(*numbers: int) -> pa.Array:
    return pa.array([START + timedelta(hours=n) for n in numbers], pa.timestamp("us", "UTC"))


def at(number: int) -> datetime:
    return START + timedelta(hours=number)


@pytest.fixture
def weather(lab: Lab) -> Lab:
    """A lab with the time series ``main.f.w``, published."""
    data = {"airport": ["ZRH", "ZRH", "GVA"], "ts": hours(1, 2, 1), "wind": [10.0, 20.0, 5.0]}
    lab.create("w", data, keys=["airport", "ts"], time="ts")
    lab.publish("w")
    return lab


# ---- TRIGGERED --------------------------------------------------------------------------------------
def test_the_first_publish_copies_all_rows(lab: Lab) -> None:
    lab.create("t", {"id": [3, 1, 2], "x": ["c", "a", None]})
    published = lab.publish("t")
    assert (published.kind, published.written, published.deleted) == ("full", 3, 0)
    assert published.online_table_name == "main.f.t_online"
    assert published.source_version == lab.delta("t").version()
    assert lab.rows_online("t") == [
        {"id": 1, "x": "a"},
        {"id": 2, "x": None},
        {"id": 3, "x": "c"},
    ]


def test_an_empty_table_can_be_published_and_filled_later(lab: Lab) -> None:
    lab.create("t", pa.table({"id": pa.array([], pa.int64()), "x": pa.array([], pa.string())}))
    assert lab.publish("t").written == 0
    assert lab.online("t").lookup(1) is None
    lab.append("t", {"id": [1], "x": ["a"]})
    published = lab.publish("t")
    assert (published.kind, published.written) == ("incremental", 1)
    assert lab.rows_online("t") == [{"id": 1, "x": "a"}]


def test_names_are_case_insensitive(table: Lab) -> None:
    published = table.stores.publish("MAIN.f.T", "Main.F.T_Online", STORE)
    assert (published.kind, published.online_table_name) == ("nothing", "main.f.t_online")
    assert table.stores.table("MAIN.F.T_ONLINE").lookup(1) == {"id": 1, "x": "a"}


def test_an_unchanged_table_writes_no_rows(table: Lab) -> None:
    first = table.stores.describe("main.f.t_online")
    published = table.publish("t")
    assert (published.kind, published.written, published.deleted) == ("nothing", 0, 0)
    assert published.pipeline_id == first["pipeline_id"]


def test_an_append_writes_its_rows_only(table: Lab) -> None:
    table.append("t", {"id": [4, 0], "x": ["d", "z"]})
    published = table.publish("t")
    assert (published.kind, published.written, published.deleted) == ("incremental", 2, 0)
    assert [row["id"] for row in table.rows_online("t")] == [0, 1, 2, 3, 4]
    assert table.publish("t").kind == "nothing"


def test_an_update_writes_the_changed_rows_though_the_file_is_rewritten(table: Lab) -> None:
    table.delta("t").update(updates={"x": "'B'"}, predicate="id = 2")
    published = table.publish("t")
    assert (published.kind, published.written, published.deleted) == ("incremental", 1, 0)
    assert [row["x"] for row in table.rows_online("t")] == ["a", "B", "c"]


def test_a_deleted_row_is_deleted_online(table: Lab) -> None:
    table.delta("t").delete("id >= 2")
    published = table.publish("t")
    assert (published.kind, published.written, published.deleted) == ("incremental", 0, 2)
    assert table.rows_online("t") == [{"id": 1, "x": "a"}]
    table.delta("t").delete()
    table.publish("t")
    assert table.rows_online("t") == []


def test_several_commits_are_published_together(table: Lab) -> None:
    table.append("t", {"id": [4], "x": ["d"]})
    table.delta("t").delete("id = 4 OR id = 1")
    table.delta("t").update(updates={"x": "'B'"}, predicate="id = 2")
    table.append("t", {"id": [5], "x": ["e"]})
    published = table.publish("t")
    assert (published.kind, published.written) == ("incremental", 2)
    assert [row["x"] for row in table.rows_online("t")] == ["B", "c", "e"]


def test_a_compaction_writes_nothing(table: Lab) -> None:
    table.append("t", {"id": [4], "x": ["d"]})
    table.publish("t")
    table.delta("t").optimize.compact()
    published = table.publish("t")
    assert (published.written, published.deleted) == (0, 0)
    assert published.kind != "full"
    assert len(table.rows_online("t")) == 4
    table.unity.table(table.name("t")).set_comment("changes no row")
    assert table.publish("t").written == 0


@pytest.mark.parametrize("partition_by", [None, ["x"]])
def test_all_rows_are_copied_if_the_old_files_are_vacuumed(
    lab: Lab, partition_by: list[str] | None
) -> None:
    lab.create("t", {"id": [1, 2], "x": ["a", "b"]}, partition_by=partition_by)
    lab.publish("t")
    lab.delta("t").update(updates={"x": "'B'"}, predicate="id = 2")
    lab.delta("t").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    published = lab.publish("t")
    assert (published.kind, published.written) == ("full", 2)
    assert [row["x"] for row in lab.rows_online("t")] == ["a", "B"]


def test_changes_of_a_partitioned_table_are_published(lab: Lab) -> None:
    data = {"id": [1, 2, 3], "part": ["a", "b", "b c/%"], "x": [1, 2, 3]}
    lab.create("t", data, partition_by=["part"])
    assert lab.publish("t").written == 3
    lab.append("t", {"id": [4], "part": ["a"], "x": [4]})
    lab.delta("t").delete("id = 2")
    published = lab.publish("t")
    assert (published.kind, published.written, published.deleted) == ("incremental", 1, 1)
    assert lab.rows_online("t") == [
        {"id": 1, "part": "a", "x": 1},
        {"id": 3, "part": "b c/%", "x": 3},
        {"id": 4, "part": "a", "x": 4},
    ]


def test_a_restored_version_is_published(table: Lab) -> None:
    version = table.delta("t").version()
    table.delta("t").delete("id = 1")
    table.append("t", {"id": [4], "x": ["d"]})
    table.publish("t")
    table.delta("t").restore(version)
    published = table.publish("t")
    assert (published.kind, published.written, published.deleted) == ("incremental", 1, 1)
    assert [row["id"] for row in table.rows_online("t")] == [1, 2, 3]


def test_a_table_can_have_key_columns_only(lab: Lab) -> None:
    lab.create("t", {"id": [1], "k": ["x"]}, keys=["id", "k"])
    lab.publish("t")
    lab.append("t", {"id": [2], "k": ["y"]})
    lab.publish("t")
    assert lab.rows_online("t") == [{"id": 1, "k": "x"}, {"id": 2, "k": "y"}]


# ---- time series ------------------------------------------------------------------------------------
def test_the_latest_row_of_a_time_series_is_online(weather: Lab) -> None:
    assert weather.online("w").keys == ["airport"]
    assert weather.rows_online("w") == [
        {"airport": "GVA", "ts": at(1), "wind": 5.0},
        {"airport": "ZRH", "ts": at(2), "wind": 20.0},
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda lab: lab.append("w", {"airport": ["ZRH"], "ts": hours(3), "wind": [30.0]}),
            {"ZRH": (at(3), 30.0), "GVA": (at(1), 5.0)},
            id="a newer row takes the place",
        ),
        pytest.param(
            lambda lab: lab.append("w", {"airport": ["ZRH"], "ts": hours(0), "wind": [1.0]}),
            {"ZRH": (at(2), 20.0), "GVA": (at(1), 5.0)},
            id="a late row does not",
        ),
        pytest.param(
            lambda lab: lab.delta("w").update(updates={"wind": "21.0"}, predicate="wind = 20.0"),
            {"ZRH": (at(2), 21.0), "GVA": (at(1), 5.0)},
            id="a corrected row is corrected",
        ),
        pytest.param(
            lambda lab: lab.delta("w").delete("wind = 20.0"),
            {"ZRH": (at(1), 10.0), "GVA": (at(1), 5.0)},
            id="after the newest was deleted, the older one returns",
        ),
        pytest.param(
            lambda lab: lab.delta("w").delete("airport = 'GVA'"),
            {"ZRH": (at(2), 20.0)},
            id="after all were deleted, none is left",
        ),
    ],
)
def test_changes_of_a_time_series_are_published(
    weather: Lab, change: Callable[[Lab], Any], expected: dict[str, Any]
) -> None:
    change(weather)
    assert weather.publish("w").kind == "incremental"
    rows = weather.rows_online("w")
    assert {row["airport"]: (row["ts"], row["wind"]) for row in rows} == expected


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1, 2], pa.int64()),
        pa.array([1, 2], pa.date32()),
        pa.array([1, 2], pa.timestamp("us")),
    ],
    ids=str,
)
def test_the_time_series_column_can_have_any_ordered_type(lab: Lab, times: pa.Array) -> None:
    lab.create("t", pa.table({"id": [1, 1], "at": times}), keys=["id", "at"], time="at")
    lab.publish("t")
    assert lab.rows_online("t") == [{"id": 1, "at": times[1].as_py()}]


def test_another_time_series_column_changes_the_latest_rows(lab: Lab) -> None:
    data = {"id": [1, 1], "a": [1, 2], "b": [2, 1], "x": ["latest by b", "latest by a"]}
    lab.create("t", data, keys=["id", "a", "b"][:2], time="a")
    lab.publish("t")
    opened = lab.unity.table(lab.name("t"))
    opened.set_not_null("b")
    opened.set_primary_key(None)
    opened.set_primary_key(PrimaryKey("t_pk", ("id", "b"), "b"))
    assert lab.publish("t").kind == "full"
    assert [row["x"] for row in lab.rows_online("t")] == ["latest by b"]


# ---- another table under the same name ----------------------------------------------------------------
def test_a_new_column_is_online_after_the_next_publish(table: Lab) -> None:
    online = table.online("t")
    before = table.tables_of_rows()
    assert online.lookup(1) == {"id": 1, "x": "a"}
    table.append("t", {"id": [4], "x": ["d"], "y": [4.5]}, schema_mode="merge")
    published = table.publish("t")
    assert (published.kind, published.written) == ("full", 4)
    assert online.lookup(4) == {"id": 4, "x": "d", "y": 4.5}
    assert online.lookup(1) == {"id": 1, "x": "a", "y": None}
    assert len(table.tables_of_rows()) == 1
    assert table.tables_of_rows() != before
    table.append("t", {"id": [5], "x": ["e"], "y": [None]})
    assert table.publish("t").kind == "incremental"


def test_all_rows_of_a_table_that_was_created_again_are_copied(table: Lab) -> None:
    online, pipeline = table.online("t"), table.publish("t").pipeline_id
    version = table.delta("t").version()
    assert online.lookup(1) == {"id": 1, "x": "a"}
    table.unity.drop_table(table.name("t"))
    table.create("t", {"id": [1, 9], "x": ["new", "new"]})
    assert table.delta("t").version() == version
    published = table.publish("t")
    assert (published.kind, published.written, published.pipeline_id) == ("full", 2, pipeline)
    assert online.lookup(1) == {"id": 1, "x": "new"}
    assert online.lookup(2) is None


def test_lookups_work_after_the_table_was_created_with_other_columns(table: Lab) -> None:
    online = table.online("t")
    assert online.lookup(1) == {"id": 1, "x": "a"}
    table.unity.drop_table(table.name("t"))
    table.create("t", {"code": ["A", "B"], "id": [1.5, 2.5]}, keys=["code"])
    table.publish("t")
    assert online.lookup("B") == {"code": "B", "id": 2.5}
    assert online.keys == ["code"]
    with pytest.raises(ValueError, match="looked up by code, not id"):
        online.lookup({"id": 1})
    assert len(table.tables_of_rows()) == 1


def test_another_primary_key_changes_the_lookup_key(lab: Lab) -> None:
    lab.create("t", {"id": [1, 2], "k": [2, 3]}, keys=["id"])
    lab.publish("t")
    online = lab.online("t")
    opened = lab.unity.table(lab.name("t"))
    opened.set_not_null("k")
    opened.set_primary_key(None)
    opened.set_primary_key(PrimaryKey("t_pk", ("k",)))
    assert lab.publish("t").kind == "full"
    assert online.lookup({"k": 3}) == {"id": 2, "k": 3}


# ---- modes ------------------------------------------------------------------------------------------
def test_snapshot_copies_all_rows_and_needs_no_change_data_feed(lab: Lab) -> None:
    lab.create("t", {"id": [1, 2], "x": ["a", "b"]}, properties={"delta.appendOnly": "false"})
    assert lab.publish("t", "SNAPSHOT").written == 2
    published = lab.publish("t", "SNAPSHOT")
    assert (published.kind, published.written) == ("full", 2)
    lab.delta("t").delete("id = 1")
    assert lab.publish("t", "SNAPSHOT").written == 1
    assert lab.rows_online("t") == [{"id": 2, "x": "b"}]
    assert len(lab.tables_of_rows()) == 1


def test_the_mode_can_change(table: Lab) -> None:
    info = [table.stores.describe("main.f.t_online")["publish_mode"]]
    for mode in ("SNAPSHOT", "TRIGGERED", PublishMode.CONTINUOUS, "TRIGGERED"):
        published = table.publish("t", mode)
        assert published.kind == ("full" if mode == "SNAPSHOT" else "nothing")
        info.append(table.stores.describe("main.f.t_online")["publish_mode"])
    assert info == ["TRIGGERED", "SNAPSHOT", "TRIGGERED", "CONTINUOUS", "TRIGGERED"]
    assert not table.stores.pipeline(published.pipeline_id)["running"]


def test_the_last_update_is_described(table: Lab) -> None:
    table.append("t", {"id": [4], "x": ["d"]})
    published = table.publish("t")
    info = table.stores.describe("main.f.t_online")
    assert info["source"] == "main.f.t"
    assert info["keys"] == ["id"]
    assert info["source_version"] == published.source_version == table.delta("t").version()
    assert (info["last_update"]["kind"], info["last_update"]["written"]) == ("incremental", 1)
    assert replace(published, written=1) == published


# ---- errors -------------------------------------------------------------------------------------------
def refuse(lab: Lab, message: str, table: str = "t", mode: str = "TRIGGERED") -> None:
    with pytest.raises(OnlineStoreError, match=message):
        lab.publish(table, mode)
    with pytest.raises(NotFoundError):
        lab.stores.describe(f"main.f.{table}_online")
    assert lab.tables_of_rows() == set()


def test_a_table_without_primary_key_raises(lab: Lab) -> None:
    lab.create("t", {"id": [1]}, keys=[])
    refuse(
        lab, r"has no primary key. Declare one: ALTER TABLE main.f.t ADD CONSTRAINT t_pk PRIMARY"
    )


def test_a_nullable_key_raises(lab: Lab) -> None:
    lab.create("t", {"id": [1]})
    lab.unity.table(lab.name("t")).drop_not_null("id")
    refuse(lab, r"must not be nullable, and id is. .* ALTER COLUMN id SET NOT NULL")


@pytest.mark.parametrize("mode", ["TRIGGERED", "CONTINUOUS"])
def test_a_table_without_change_data_feed_raises(lab: Lab, mode: str) -> None:
    lab.create("t", {"id": [1]}, properties={**FEED, "delta.enableChangeDataFeed": "false"})
    refuse(lab, rf"mode {mode}: its change data feed is not enabled. Enable it: ALTER TABLE main.f.t "
           r"SET TBLPROPERTIES \(delta.enableChangeDataFeed = true\); or publish in the mode SNAPSHOT", mode=mode)  # fmt: skip


@pytest.mark.parametrize("type", [pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")])
def test_an_undeclared_time_in_the_key_raises(lab: Lab, type: pa.DataType) -> None:
    lab.create("t", pa.table({"id": [1], "at": pa.array([1], type)}), keys=["id", "at"])
    refuse(lab, r"'at' of its primary key is of type (date|timestamp|timestamp_ntz) and is not "
           r"declared as time series column. .*PRIMARY KEY \(..., at TIMESERIES\)")  # fmt: skip


def test_a_key_with_only_the_time_series_column_raises(lab: Lab) -> None:
    lab.create("t", {"at": hours(1), "x": [1]}, keys=["at"], time="at")
    refuse(
        lab, r"no column beside the time series column 'at', so there is nothing to look a row up"
    )


@pytest.mark.parametrize(
    ("values", "type"), [([1.5], "double"), ([[1]], "nested"), ([{"a": 1}], "nested")]
)
def test_a_key_of_an_unsupported_type_raises(lab: Lab, values: list[Any], type: str) -> None:
    lab.create("t", {"id": values, "x": [1]})
    refuse(
        lab, rf"'id' of its primary key is of type {type}, and rows are looked up by whole numbers"
    )


def test_duplicate_keys_raise(lab: Lab) -> None:
    lab.create("t", {"id": [1, 2, 2], "k": ["a"] * 3}, keys=["id", "k"])
    refuse(
        lab,
        r"primary key must be unique, and 2 rows have id=2, k='a'. .* delete the duplicate rows",
    )
    data = {"id": ["a", "a", "a"], "at": hours(1, 2, 2), "x": [1, 2, 3]}
    lab.create("w", data, keys=["id", "at"], time="at")
    refuse(lab, r"2 rows have id='a'", "w")


def test_duplicate_keys_in_a_later_version_raise(table: Lab) -> None:
    table.append("t", {"id": [4, 4, 5], "x": ["d", "e", "f"]})
    with pytest.raises(OnlineStoreError, match=r"2 rows have id=4"):
        table.publish("t")
    assert [row["id"] for row in table.rows_online("t")] == [1, 2, 3]
    table.delta("t").delete("x = 'e'")
    assert table.publish("t").written == 2


def test_an_unknown_table_schema_or_store_raises(lab: Lab) -> None:
    lab.create("t", {"id": [1]})
    publish = lab.stores.publish
    with pytest.raises(NotFoundError, match=r"Table 'main.f.u' does not exist. .* has: t"):
        publish("main.f.u", "main.f.u_online", STORE)
    with pytest.raises(NotFoundError, match=r"Schema 'main.g' does not exist"):
        publish("main.f.t", "main.g.t_online", STORE)
    with pytest.raises(NotFoundError, match=r"Catalog 'dev' does not exist"):
        publish("main.f.t", "dev.f.t_online", STORE)
    with pytest.raises(NotFoundError, match=r"name 'other' not found. Create it first: .*create_online_store"):  # fmt: skip
        publish("main.f.t", "main.f.t_online", "other")
    with pytest.raises(UnityCatalogError, match="not a valid name|not a table name"):
        publish("main.f.t", "t_online", STORE)
    assert lab.tables_of_rows() == set()


def test_an_online_table_with_the_name_of_a_delta_table_raises(lab: Lab) -> None:
    lab.create("t", {"id": [1]})
    with pytest.raises(OnlineStoreError, match=r"'main.f.t' is a Delta table. .*main.f.t_online"):
        lab.publish("t", online="t")


def test_the_online_table_of_another_source_raises(table: Lab) -> None:
    table.create("u", {"id": [7], "x": ["u"]})
    with pytest.raises(OnlineStoreError, match=r"'main.f.t_online' exists already: 'main.f.t' is published to it in the online store 'features'. Delete it first: .*delete_online_table"):  # fmt: skip
        table.publish("u", online="t_online")
    table.stores.create("second", "CU_2")
    with pytest.raises(OnlineStoreError, match=r"in the online store 'features'"):
        table.stores.publish("main.f.t", "main.f.t_online", "second")
    assert len(table.rows_online("t")) == 3


def test_an_unknown_mode_raises(lab: Lab) -> None:
    lab.create("t", {"id": [1]})
    with pytest.raises(OnlineStoreError, match="Invalid publish mode: triggered. There are TRIGGERED, CONTINUOUS, SNAPSHOT"):  # fmt: skip
        lab.publish("t", "triggered")
