"""The mode CONTINUOUS: a pipeline publishes each change of the source until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.online_store import OnlineStores
from lakelab.local.online_store.database import Database
from lakelab.local.online_store.publish import Publisher

from .conftest import PATIENCE_SECONDS, STORE, Lab, wait_for


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check for new versions almost without a pause."""
    monkeypatch.setattr("lakelab.local.online_store.stores.POLL_INTERVAL_SECONDS", 0.01)


@pytest.fixture
def followed(table: Lab, often: None) -> Lab:
    table.publish("t", "CONTINUOUS")
    return table


def is_online(lab: Lab, key: int) -> Callable[[], bool]:
    online = lab.online("t")
    return lambda: online.lookup(key) is not None


def pipeline(lab: Lab) -> dict[str, Any]:
    return lab.stores.pipeline(lab.stores.describe("main.f.t_online")["pipeline_id"])


def test_continuous_publishes_changes_until_the_table_is_deleted(followed: Lab) -> None:
    assert pipeline(followed)["running"]
    for key in (4, 5):
        followed.append("t", {"id": [key], "x": ["new"]})
        wait_for(is_online(followed, key), f"key {key} online")
    followed.delta("t").delete("id = 1")
    wait_for(lambda: followed.online("t").lookup(1) is None, "key 1 deleted online")
    followed.stores.delete_table("main.f.t_online")
    followed.append("t", {"id": [6], "x": ["late"]})
    assert not [t for t in threading.enumerate() if t.name.startswith("publish ")]
    with pytest.raises(NotFoundError):
        followed.online("t")


def test_continuous_ends_after_a_publish_in_another_mode(followed: Lab) -> None:
    followed.publish("t")
    assert not pipeline(followed)["running"]
    followed.append("t", {"id": [4], "x": ["d"]})
    assert followed.online("t").lookup(4) is None


@pytest.mark.parametrize("action", ["delete", "another mode"])
def test_continuous_ends_after_a_change_by_another_process(followed: Lab, action: str) -> None:
    another = OnlineStores(followed.home, followed.unity, followed.url)
    (thread,) = [t for t in threading.enumerate() if t.name.startswith("publish ")]
    if action == "delete":
        another.delete_table("main.f.t_online")
    else:
        another.publish("main.f.t", "main.f.t_online", STORE, "TRIGGERED")
    followed.append("t", {"id": [4], "x": ["d"]})
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    if action == "delete":
        with pytest.raises(NotFoundError):
            followed.online("t")
    else:
        assert followed.online("t").lookup(4) is None
        assert another.describe("main.f.t_online")["publish_mode"] == "TRIGGERED"
    another.close()


def test_continuous_does_not_undo_a_concurrent_delete(
    followed: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The online table is deleted after the pipeline found a new version, and before it has the lock."""
    seen, go_on = threading.Event(), threading.Event()
    original = Publisher.publish

    def slow(*args: Any, **options: Any) -> Any:
        seen.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return original(*args, **options)

    another = OnlineStores(followed.home, followed.unity, followed.url)
    (thread,) = [t for t in threading.enumerate() if t.name.startswith("publish ")]
    monkeypatch.setattr(Publisher, "publish", slow)
    followed.append("t", {"id": [4], "x": ["d"]})
    assert seen.wait(PATIENCE_SECONDS)
    another.delete_table("main.f.t_online")
    go_on.set()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    with pytest.raises(NotFoundError):
        followed.online("t")
    another.close()


def test_continuous_follows_a_table_that_was_created_again(followed: Lab) -> None:
    version = followed.delta("t").version()
    followed.unity.drop_table(followed.name("t"))
    wait_for(
        lambda: "does not exist" in (pipeline(followed)["error"] or ""), "the error is reported"
    )
    followed.create("t", {"id": [1, 9], "x": ["new", "new"]})
    assert followed.delta("t").version() == version
    wait_for(is_online(followed, 9), "the new table online")
    wait_for(lambda: pipeline(followed)["error"] is None, "the error is over")


def test_continuous_continues_after_an_error_of_the_database(
    followed: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Database, "upsert", lambda *_: 1 / 0)
        followed.append("t", {"id": [4], "x": ["d"]})
        wait_for(lambda: pipeline(followed)["error"], "the error is reported")
        assert pipeline(followed)["error"] == "division by zero"
        assert followed.online("t").lookup(4) is None
    wait_for(is_online(followed, 4), "key 4 online")
