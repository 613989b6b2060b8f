"""The descriptions of an online store and of a published table.

Tested in ``tests/local/feature_engineering/test_online_stores.py``.
"""

from __future__ import annotations

from enum import Enum

from lakelab.local.feature_engineering.entities.entity import Entity


class DatabricksOnlineStore(Entity):
    """An online store, as ``create_online_store`` and ``get_online_store`` return it.

    Attributes
    ----------
    name : str
    capacity : str
        ``"CU_1"``, ``"CU_2"``, ``"CU_4"`` or ``"CU_8"``.
    read_replica_count : int
    usage_policy_id : str or None
    creator : str or None
    creation_time : str or None
        ``YYYY-MM-DDTHH:MM:SSZ``.
    state : DatabricksOnlineStore.State or None
    """

    class State(Enum):
        """The state of an online store."""

        STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
        STARTING = "STARTING"
        AVAILABLE = "AVAILABLE"
        DELETING = "DELETING"
        STOPPED = "STOPPED"
        UPDATING = "UPDATING"
        FAILING_OVER = "FAILING_OVER"

    def __init__(
        self,
        name: str,
        capacity: str,
        read_replica_count: int | None = 0,
        usage_policy_id: str | None = None,
        creator: str | None = None,
        creation_time: str | None = None,
        state: DatabricksOnlineStore.State | None = None,
    ):
        self.name = name
        self.capacity = capacity
        self.read_replica_count = read_replica_count
        self.usage_policy_id = usage_policy_id
        self.creator = creator
        self.creation_time = creation_time
        self.state = state


class PublishedTable(Entity):
    """The result of ``publish_table``.

    Attributes
    ----------
    online_table_name : str
        The three-level name.
    pipeline_id : str
        The pipeline that updates the online table: ``WorkspaceClient().pipelines.get(pipeline_id)``.
    """

    def __init__(self, online_table_name: str, pipeline_id: str):
        self.online_table_name = online_table_name
        self.pipeline_id = pipeline_id
