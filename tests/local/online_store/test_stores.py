"""Online stores: create, list, update and delete; their online tables and pipelines."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError
from lakelab.local.online_store import OnlineStore, OnlineStores
from lakelab.local.online_store.database import OnlineStoreError

from .conftest import STORE, Lab


def test_a_store_is_created_and_listed(lab: Lab) -> None:
    made = lab.stores.create("second", "CU_4", 2, "policy", "a@example.com")
    assert made == lab.stores.get("second")
    assert made == OnlineStore("second", "CU_4", 2, "policy", "a@example.com", made.creation_time)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made.creation_time)
    assert [store.name for store in lab.stores.list()] == [STORE, "second"]
    assert lab.stores.get(STORE).read_replica_count == 0


def test_a_later_process_sees_the_store_and_its_tables(lab: Lab) -> None:
    lab.create("t", {"id": [1], "x": ["a"]})
    lab.publish("t")
    lab.stores.close()
    later = OnlineStores(lab.home, lab.unity, lab.url)
    assert later.get(STORE).capacity == "CU_1"
    assert later.table("main.f.t_online").lookup(1) == {"id": 1, "x": "a"}
    assert later.publish("main.f.t", "main.f.t_online", STORE).kind == "nothing"
    later.close()


@pytest.mark.parametrize(
    ("name", "capacity", "replicas", "message"),
    [
        ("s", "CU_3", 0, "Invalid capacity 'CU_3'. Valid values are CU_1, CU_2, CU_4, CU_8"),
        ("s", "cu_1", 0, "Invalid capacity 'cu_1'"),
        ("s", None, 0, "Invalid capacity None"),
        ("s", "CU_1", 4, "Invalid read_replica_count 4: an online store has 0 to 3"),
        ("s", "CU_1", -1, "Invalid read_replica_count -1"),
        ("s", "CU_1", "2", "Invalid read_replica_count '2'"),
        ("", "CU_1", 0, "has 1 to 63 bytes, not 0"),
        ("ü" * 32, "CU_1", 0, "has 1 to 63 bytes, not 64: 'ü"),
    ],
)
def test_an_invalid_store_raises(
    lab: Lab, name: str, capacity: Any, replicas: Any, message: str
) -> None:
    with pytest.raises(OnlineStoreError, match=message):
        lab.stores.create(name, capacity, replicas)
    assert [store.name for store in lab.stores.list()] == [STORE]


def test_a_name_can_have_63_bytes(lab: Lab) -> None:
    assert lab.stores.create("s" * 63, "CU_1", 3).name == "s" * 63


def test_a_name_is_unique(lab: Lab) -> None:
    with pytest.raises(
        AlreadyExistsError, match="Online store with name 'features' already exists"
    ):
        lab.stores.create(STORE, "CU_2")
    assert lab.stores.get(STORE).capacity == "CU_1"


def test_an_update_changes_only_the_given_fields(lab: Lab) -> None:
    lab.stores.create("second", "CU_1", 1, "policy")
    changed = lab.stores.update("second", {"capacity": "CU_8"})
    assert (changed.capacity, changed.read_replica_count, changed.usage_policy_id) == (
        "CU_8",
        1,
        "policy",
    )
    lab.stores.update("second", {"read_replica_count": 3, "usage_policy_id": None})
    changed = lab.stores.get("second")
    assert (changed.capacity, changed.read_replica_count, changed.usage_policy_id) == (
        "CU_8",
        3,
        None,
    )
    assert lab.stores.update("second", {}) == changed
    for changes, message in (
        ({"capacity": "CU_9"}, "Invalid capacity"),
        ({"read_replica_count": None}, "Invalid read_replica_count None"),
        ({"name": "third", "capacity": "CU_1"}, "can be changed, not name"),
    ):
        with pytest.raises(OnlineStoreError, match=message):
            lab.stores.update("second", changes)
    assert lab.stores.get("second") == changed


def test_deleting_a_store_deletes_its_tables_only(lab: Lab) -> None:
    lab.stores.create("second", "CU_1")
    for table in ("t", "u"):
        lab.create(table, {"id": [1]})
    lab.publish("t", "CONTINUOUS")
    lab.stores.publish("main.f.u", "main.f.u_online", "second")
    online = lab.online("t")
    assert online.lookup(1) == {"id": 1}
    lab.stores.delete(STORE)
    with pytest.raises(
        NotFoundError, match=r"Online table 'main.f.t_online' does not exist. Publish"
    ):
        online.lookup(1)
    assert len(lab.tables_of_rows()) == 1
    assert lab.online("u").lookup(1) == {"id": 1}
    assert lab.unity.exists(lab.name("t"))
    assert [store.name for store in lab.stores.list()] == ["second"]


def test_unknown_stores_tables_and_pipelines_raise(lab: Lab) -> None:
    for call in (
        lambda: lab.stores.get("none"),
        lambda: lab.stores.update("none", {"capacity": "CU_2"}),
        lambda: lab.stores.delete("none"),
    ):
        with pytest.raises(NotFoundError, match="Online store with name 'none' not found"):
            call()
    for call in (
        lambda: lab.stores.table("main.f.none"),
        lambda: lab.stores.describe("main.f.none"),
        lambda: lab.stores.delete_table("main.f.none"),
    ):
        with pytest.raises(NotFoundError, match="Online table 'main.f.none' does not exist"):
            call()
    for call in (lambda: lab.stores.pipeline("none"), lambda: lab.stores.start_update("none")):
        with pytest.raises(NotFoundError, match="Pipeline 'none' does not exist"):
            call()


def test_a_deleted_online_table_can_be_published_again(table: Lab) -> None:
    first = table.publish("t").pipeline_id
    table.stores.delete_table("Main.f.T_online")
    assert table.tables_of_rows() == set()
    assert table.unity.exists(table.name("t"))
    published = table.publish("t")
    assert (published.kind, published.written) == ("full", 3)
    assert published.pipeline_id != first


def test_the_online_table_of_a_source_is_returned(table: Lab) -> None:
    assert table.stores.online_table_of("main.f.u") is None
    assert table.stores.online_table_of("Main.f.T") == "main.f.t_online"
    table.publish("t", online="other")
    assert table.stores.online_table_of("main.f.t") == "main.f.other"
    table.publish("t")
    assert table.stores.online_table_of("main.f.t") == "main.f.t_online"


def test_start_update_publishes_again_in_the_same_mode(table: Lab) -> None:
    pipeline = table.publish("t", "SNAPSHOT").pipeline_id
    before = table.stores.pipeline(pipeline)
    assert (before["name"], before["source"], before["running"], before["error"]) == (
        "main.f.t_online",
        "main.f.t",
        False,
        None,
    )
    published = table.stores.start_update(pipeline, "b@example.com")
    assert (published.kind, published.pipeline_id) == ("full", pipeline)
    after = table.stores.pipeline(pipeline)
    assert after["last_update"]["id"] != before["last_update"]["id"]
    assert after["creator"] == "b@example.com"
    table.unity.drop_table(table.name("t"))
    with pytest.raises(NotFoundError, match="Table 'main.f.t' does not exist"):
        table.stores.start_update(pipeline)
    assert len(table.rows_online("t")) == 3
