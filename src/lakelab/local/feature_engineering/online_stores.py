"""Create, describe, update and delete online stores, and publish feature tables to them.

Like the official client, these functions check only the arguments; the API of the workspace checks the
rest. Errors of the workspace are those of databricks-sdk.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/online-feature-store
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NoReturn

from lakelab.local.feature_engineering.entities.online_store import (
    DatabricksOnlineStore,
    PublishedTable,
)
from lakelab.local.feature_engineering.session import full_name
from lakelab.local.feature_engineering.validation import require_no_kwargs

if TYPE_CHECKING:
    from databricks.sdk.service.ml import OnlineStore

    from lakelab.local.spark.session import LocalSparkSession

MERGE = "merge"
TRIGGERED, CONTINUOUS, SNAPSHOT = "TRIGGERED", "CONTINUOUS", "SNAPSHOT"
DEFAULT_TRIGGER = {"processingTime": "5 minutes"}

_logger = logging.getLogger(__name__)


class _Unset(str):
    """The default of an optional field in an update: the field does not change."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<UNSET>"


UNSET = _Unset()


# ---- stores -----------------------------------------------------------------------------------------
def create_online_store(
    name: str, capacity: str, read_replica_count: int | None, usage_policy_id: str | None
) -> DatabricksOnlineStore:
    """Create an online store; see :meth:`FeatureEngineeringClient.create_online_store`."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import AlreadyExists
    from databricks.sdk.service.ml import OnlineStore

    if read_replica_count is not None and not isinstance(read_replica_count, int):
        raise TypeError("'read_replica_count' value must be an integer.")
    if get_online_store(name) is not None:
        raise AlreadyExists(f"Online store with name '{name}' already exists")
    created = WorkspaceClient().feature_store.create_online_store(
        OnlineStore(
            name=name,
            capacity=capacity,
            read_replica_count=read_replica_count,
            usage_policy_id=usage_policy_id,
        )
    )
    return _describe(created)


def get_online_store(name: str) -> DatabricksOnlineStore | None:
    """Return an online store, or None; see :meth:`FeatureEngineeringClient.get_online_store`."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import NotFound

    try:
        found = WorkspaceClient().feature_store.get_online_store(name)
    except NotFound:
        return None
    return _describe(found)


def list_online_stores() -> list[DatabricksOnlineStore]:
    """List the online stores; see :meth:`FeatureEngineeringClient.list_online_stores`."""
    from databricks.sdk import WorkspaceClient

    found = WorkspaceClient().feature_store.list_online_stores()
    return [_describe(store) for store in found]


def update_online_store(name: str, given: dict[str, Any]) -> DatabricksOnlineStore:
    """Update an online store; see :meth:`FeatureEngineeringClient.update_online_store`."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import NotFound
    from databricks.sdk.service.ml import OnlineStore

    replicas = given["read_replica_count"]
    if replicas is not UNSET and not isinstance(replicas, int):
        raise TypeError("'read_replica_count' value must be an integer.")
    existing = get_online_store(name)
    if existing is None:
        raise NotFound(f"Online store with name '{name}' not found")
    before = {field: getattr(existing, field) for field in given}
    changes = {
        field: value
        for field, value in given.items()
        if value is not UNSET and value != before[field]
    }
    if not changes:
        return existing
    changed = WorkspaceClient().feature_store.update_online_store(
        name, OnlineStore(name=name, **{**before, **changes}), update_mask=",".join(changes)
    )
    return _describe(changed)


def delete_online_store(name: str) -> None:
    """Delete an online store; see :meth:`FeatureEngineeringClient.delete_online_store`."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import NotFound

    try:
        WorkspaceClient().feature_store.delete_online_store(name)
    except NotFound as error:
        raise NotFound(f"Online store with name '{name}' not found") from error


def _describe(store: OnlineStore) -> DatabricksOnlineStore:
    """Convert an online store of databricks-sdk to the class that the client returns."""
    return DatabricksOnlineStore(
        store.name,
        store.capacity,
        store.read_replica_count,
        store.usage_policy_id,
        store.creator,
        store.creation_time,
        DatabricksOnlineStore.State(store.state.value) if store.state is not None else None,
    )


# ---- tables -----------------------------------------------------------------------------------------
def publish_table(
    spark: LocalSparkSession,
    *,
    online_store: Any,
    source_table_name: str | None,
    online_table_name: str | None,
    publish_mode: str,
    mode: str,
    streaming: bool,
    third_party_options: dict[str, Any],
    **kwargs: Any,
) -> PublishedTable:
    """Publish a feature table.

    See :meth:`FeatureEngineeringClient.publish_table` for parameters and errors;
    ``third_party_options`` holds the parameters for third-party online stores.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.ml import PublishSpec, PublishSpecPublishMode

    source = source_table_name if source_table_name is not None else kwargs.pop("name", None)
    require_no_kwargs(kwargs, "publish_table")
    if source is None:
        raise ValueError("source_table_name is required")
    full = full_name(spark, source)
    if mode != MERGE:
        raise ValueError(f"Unsupported mode '{mode}'. '{MERGE}' is the only supported mode.")
    if not isinstance(online_store, DatabricksOnlineStore):
        _raise_third_party(online_store)
    if online_table_name is None:
        raise ValueError("online_table_name is required for Databricks online store")
    if online_table_name.count(".") != 2 or not all(online_table_name.split(".")):
        raise ValueError(
            f"Online table name '{online_table_name}' is not valid. Expected format "
            f"'<catalog_name>.<schema_name>.<table_name>'"
        )
    for parameter, value in third_party_options.items():
        if value is not None:
            raise ValueError(f"{parameter} can not be set for Databricks online store")
    if streaming:
        publish_mode = _streaming_publish_mode(publish_mode)
    if publish_mode not in (TRIGGERED, CONTINUOUS, SNAPSHOT):
        raise ValueError(f"Invalid publish mode: {publish_mode}")
    published = WorkspaceClient().feature_store.publish_table(
        str(full),
        PublishSpec(
            online_store=online_store.name,
            online_table_name=online_table_name,
            publish_mode=PublishSpecPublishMode(publish_mode),
        ),
    )
    return PublishedTable(
        online_table_name=str(published.online_table_name), pipeline_id=str(published.pipeline_id)
    )


def _streaming_publish_mode(publish_mode: str) -> str:
    if publish_mode not in (TRIGGERED, CONTINUOUS):
        raise ValueError(f"streaming=True is not supported for publish_mode={publish_mode}")
    if publish_mode == TRIGGERED:  # the default of the parameter
        _logger.warning(
            'streaming=True is deprecated, please use publish_mode="CONTINUOUS" instead. '
            "Publishing in CONTINUOUS mode."
        )
    return CONTINUOUS


def drop_online_table(online_store: Any) -> NoReturn:
    """Raise, as the official client does: another call deletes a table of a Databricks online store."""
    if isinstance(online_store, DatabricksOnlineStore):
        raise ValueError(
            "Dropping Databricks online tables is not supported. Use "
            "WorkspaceClient().feature_store.delete_online_table(online_table_name=...)."
        )
    _raise_third_party(online_store)


def _raise_third_party(online_store: Any) -> NoReturn:
    raise NotImplementedError(
        f"Third-party online stores ({type(online_store).__name__}) work in a Databricks workspace "
        f"only. Here, give what create_online_store or get_online_store returned."
    )
