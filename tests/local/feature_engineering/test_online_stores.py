"""Online stores by the client and by databricks-sdk: calls, results and errors."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    AlreadyExists,
    InvalidParameterValue,
    NotFound,
)
from databricks.sdk.service.ml import PublishSpec, PublishSpecPublishMode
from pyspark.sql import DataFrame

from lakelab.local.feature_engineering import DatabricksOnlineStore, FeatureEngineeringClient
from lakelab.local.notebook.client_env import point_clients_at
from lakelab.local.online_store import OnlineStores
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home
from lakelab.local.workspace import DEFAULT_USER, start_workspace

Client = FeatureEngineeringClient


@pytest.fixture
def stores(home: Home, spark: LocalSparkSession, monkeypatch) -> Iterator[OnlineStores]:
    """The online stores of the workspace in this process, initially empty; the clients use this workspace."""
    monkeypatch.delenv("LAKELAB_ONLINE_STORE", raising=False)
    before = dict(os.environ)
    with start_workspace(home, spark.unity, home.mlflow_uri) as workspace:
        point_clients_at(workspace, home)
        opened = OnlineStores(home, spark.unity)
        yield opened
        for store in opened.list():
            opened.delete(store.name)
        opened.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def store(fe: Client, stores: OnlineStores) -> DatabricksOnlineStore:
    return fe.create_online_store(name="features", capacity="CU_1")


@pytest.fixture
def online(weather: DataFrame, spark: LocalSparkSession, schema: str) -> dict[str, str]:
    """The names for ``publish_table``: weather, with its change data feed, and the online table."""
    spark.sql("ALTER TABLE weather SET TBLPROPERTIES (delta.enableChangeDataFeed = true)")
    return {"source_table_name": "weather", "online_table_name": f"{schema}.weather_online"}


# ---- stores -----------------------------------------------------------------------------------------
def test_a_store_is_created_described_changed_and_deleted(fe: Client, stores: OnlineStores) -> None:
    assert fe.get_online_store(name="features") is None
    made = fe.create_online_store(name="features", capacity="CU_1", read_replica_count=1)
    assert (made.name, made.capacity, made.read_replica_count) == ("features", "CU_1", 1)
    assert made.state is DatabricksOnlineStore.State.AVAILABLE
    assert made.creator == DEFAULT_USER
    assert time.strptime(str(made.creation_time), "%Y-%m-%dT%H:%M:%SZ")
    assert fe.list_online_stores() == [made] == [fe.get_online_store(name="features")]

    changed = fe.update_online_store(name="features", capacity="CU_4")
    assert (changed.capacity, changed.read_replica_count) == ("CU_4", 1)
    assert fe.update_online_store(name="features", capacity="CU_4") == changed
    assert fe.update_online_store(name="features", read_replica_count=0).read_replica_count == 0
    fe.delete_online_store(name="features")
    assert fe.get_online_store(name="features") is None


def test_invalid_stores_raise(fe: Client, store: DatabricksOnlineStore) -> None:
    with pytest.raises(AlreadyExists, match="Online store with name 'features' already exists"):
        fe.create_online_store(name="features", capacity="CU_1")
    with pytest.raises(InvalidParameterValue, match="Valid values are CU_1, CU_2, CU_4, CU_8"):
        fe.create_online_store(name="more", capacity="CU_3")
    with pytest.raises(InvalidParameterValue, match="1 to 63 bytes, not 64"):
        fe.create_online_store(name="x" * 64, capacity="CU_1")
    with pytest.raises(InvalidParameterValue, match="has 0 to 3"):
        fe.create_online_store(name="more", capacity="CU_1", read_replica_count=4)
    with pytest.raises(TypeError, match="must be an integer"):
        fe.create_online_store(name="more", capacity="CU_1", read_replica_count="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be an integer"):
        fe.update_online_store(name="features", read_replica_count="1")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameterValue, match="Valid values are"):
        fe.update_online_store(name="features", capacity="big")
    for call in (fe.update_online_store, fe.delete_online_store):
        with pytest.raises(NotFound, match="Online store with name 'nothing' not found"):
            call(name="nothing")
    assert fe.list_online_stores() == [store]


def test_stores_are_listed_in_pages(fe: Client, stores: OnlineStores) -> None:
    names = [f"s{number}" for number in range(5)]
    for name in names:
        stores.create(name, "CU_1")
    found = WorkspaceClient().feature_store.list_online_stores(page_size=2)
    assert [one.name for one in found] == names


# ---- tables -----------------------------------------------------------------------------------------
def test_publish_look_up_and_follow(
    fe: Client, spark: LocalSparkSession, stores: OnlineStores, store: Any, online: dict[str, str]
) -> None:
    published = fe.publish_table(online_store=store, **online)
    assert published.online_table_name == online["online_table_name"]
    table = stores.table(published.online_table_name)
    assert table.lookup("JFK")["sky"] == "fog"
    spark.sql("UPDATE weather SET sky = 'rain' WHERE sky = 'fog'")
    assert table.lookup("JFK")["sky"] == "fog"

    again = fe.publish_table(online_store=store, **online)
    assert again == published
    assert table.lookup("JFK")["sky"] == "rain"
    update = stores.describe(published.online_table_name)["last_update"]
    assert (update["kind"], update["written"], update["deleted"]) == ("incremental", 1, 0)


def test_the_pipeline_returns_its_last_update_and_starts_the_next(
    fe: Client, spark: LocalSparkSession, stores: OnlineStores, store: Any, online: dict[str, str]
) -> None:
    published = fe.publish_table(online_store=store, **online)
    pipelines = WorkspaceClient().pipelines
    info = pipelines.get(published.pipeline_id)
    assert (info.name, info.state.value) == (published.online_table_name, "IDLE")
    assert info.latest_updates[0].state.value == "COMPLETED"
    spark.sql("DELETE FROM weather WHERE sky = 'fog'")
    started = pipelines.start_update(published.pipeline_id)
    assert started.update_id == pipelines.get(published.pipeline_id).latest_updates[0].update_id
    assert started.update_id != info.latest_updates[0].update_id
    assert stores.table(published.online_table_name).lookup("JFK")["sky"] == "clear"
    with pytest.raises(NotFound, match="Pipeline 'nothing' does not exist"):
        pipelines.get("nothing")


def test_continuous_runs_until_the_table_is_deleted(
    fe: Client, spark: LocalSparkSession, stores: OnlineStores, store: Any, online: dict[str, str]
) -> None:
    published = fe.publish_table(online_store=store, publish_mode="CONTINUOUS", **online)
    pipelines = WorkspaceClient().pipelines
    assert pipelines.get(published.pipeline_id).state.value == "RUNNING"
    table = stores.table(published.online_table_name)
    spark.sql("UPDATE weather SET sky = 'rain' WHERE sky = 'fog'")
    end = time.monotonic() + 60
    while table.lookup("JFK")["sky"] != "rain":
        assert time.monotonic() < end, "nothing was published"
        time.sleep(0.02)
    WorkspaceClient().feature_store.delete_online_table(published.online_table_name)
    with pytest.raises(NotFound):
        pipelines.get(published.pipeline_id)


def test_a_continuous_pipeline_without_its_source_has_failed(
    fe: Client, stores: OnlineStores, store: Any, online: dict[str, str]
) -> None:
    published = fe.publish_table(online_store=store, publish_mode="CONTINUOUS", **online)
    fe.drop_table(name="weather")
    pipelines, end = WorkspaceClient().pipelines, time.monotonic() + 60
    while (info := pipelines.get(published.pipeline_id)).state.value != "FAILED":
        assert time.monotonic() < end, "the pipeline goes on"
        time.sleep(0.02)
    assert "does not exist" in str(info.cause)
    assert stores.table(published.online_table_name).lookup("JFK")["sky"] == "fog"


def test_streaming_is_the_deprecated_form_of_continuous(
    fe: Client, stores: OnlineStores, store: Any, online: dict[str, str], caplog
) -> None:
    with caplog.at_level(logging.WARNING):
        published = fe.publish_table(online_store=store, streaming=True, **online)
    assert "streaming=True is deprecated" in caplog.text
    assert stores.describe(published.online_table_name)["publish_mode"] == "CONTINUOUS"
    with pytest.raises(
        ValueError, match="streaming=True is not supported for publish_mode=SNAPSHOT"
    ):
        fe.publish_table(online_store=store, streaming=True, publish_mode="SNAPSHOT", **online)


def test_the_sdk_publishes_and_deletes(
    fe: Client, stores: OnlineStores, store: Any, online: dict[str, str], schema: str
) -> None:
    client = WorkspaceClient().feature_store
    spec = PublishSpec(
        "features", online["online_table_name"].upper(), PublishSpecPublishMode.SNAPSHOT
    )
    info = client.publish_table(f"{schema}.weather", spec)
    assert info.online_table_name == online["online_table_name"]
    assert stores.table(info.online_table_name).lookup("EWR")["wind"] == 9.0
    client.delete_online_table(info.online_table_name)
    with pytest.raises(NotFound, match="does not exist"):
        client.delete_online_table(info.online_table_name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source_table_name": None}, "source_table_name is required"),
        (
            {"source_table_name": "hive_metastore.a.b"},
            "only supports feature tables in Unity Catalog",
        ),
        ({"mode": "overwrite"}, "Unsupported mode 'overwrite'"),
        ({"online_table_name": None}, "online_table_name is required"),
        (
            {"online_table_name": "f.weather_online"},
            "Expected format '<catalog_name>.<schema_name>",
        ),
        ({"publish_mode": "DAILY"}, "Invalid publish mode: DAILY"),
        ({"filter_condition": "wind > 1"}, "filter_condition can not be set"),
        ({"checkpoint_location": "/x"}, "checkpoint_location can not be set"),
        ({"trigger": {"once": True}}, "trigger can not be set"),
        ({"features": ["wind"]}, "features can not be set"),
    ],
)
def test_invalid_arguments_of_publish_table_raise(
    fe: Client,
    stores: OnlineStores,
    store: Any,
    online: dict[str, str],
    arguments: dict,
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        fe.publish_table(online_store=store, **{**online, **arguments})
    assert stores.online_table_of(online["online_table_name"].removesuffix("_online")) is None


def test_the_workspace_rejects_an_invalid_publish(
    fe: Client, spark: LocalSparkSession, store: Any, planes: DataFrame, schema: str
) -> None:
    names = {"source_table_name": "planes", "online_table_name": f"{schema}.planes_online"}
    with pytest.raises(
        InvalidParameterValue, match=r"change data feed is not enabled.*ALTER TABLE"
    ):
        fe.publish_table(online_store=store, **names)
    with pytest.raises(InvalidParameterValue, match="is a Delta table"):
        fe.publish_table(
            online_store=store,
            publish_mode="SNAPSHOT",
            **{**names, "online_table_name": f"{schema}.planes"},
        )
    spark.sql("CREATE TABLE plain AS SELECT 1 AS id")
    with pytest.raises(InvalidParameterValue, match="has no primary key"):
        fe.publish_table(online_store=store, **{**names, "source_table_name": "plain"})
    gone = DatabricksOnlineStore("gone", "CU_1")
    with pytest.raises(NotFound, match="Online store with name 'gone' not found"):
        fe.publish_table(online_store=gone, publish_mode="SNAPSHOT", **names)


def test_stores_of_other_vendors(fe: Client, store: Any, online: dict[str, str]) -> None:
    with pytest.raises(NotImplementedError, match="work in a Databricks workspace only"):
        fe.publish_table(online_store=object(), **online)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"not supported.*delete_online_table"):
        fe.drop_online_table(online["online_table_name"], store)
