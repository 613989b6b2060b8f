"""REST calls about online stores, as databricks-sdk and the feature engineering client make them.

Follows https://docs.databricks.com/api/workspace/featurestore and, for the pipelines that keep online
tables up to date, https://docs.databricks.com/api/workspace/pipelines

Tested in ``tests/local/feature_engineering/test_online_stores.py``.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.names import split_name
from lakelab.local.workspace.api import Call, Endpoint, paginate, without_none

if TYPE_CHECKING:
    from lakelab.local.catalog.store import UnityCatalog
    from lakelab.local.online_store import OnlineStore, OnlineStores
    from lakelab.local.system.home import Home

_API = "/api/2.0/feature-store"
_PIPELINES = "/api/2.0/pipelines"


class OnlineStoresApi:
    """The calls about online stores, online tables and their pipelines.

    Parameters
    ----------
    home : Home
    unity : UnityCatalog
    """

    def __init__(self, home: Home, unity: UnityCatalog):
        self._home = home
        self._unity = unity

    def endpoints(self) -> list[Endpoint]:
        return [
            ("POST", f"{_API}/online-stores", self.create),
            ("GET", f"{_API}/online-stores", self.list),
            ("GET", f"{_API}/online-stores/{{name}}", self.get),
            ("PATCH", f"{_API}/online-stores/{{name}}", self.update),
            ("DELETE", f"{_API}/online-stores/{{name}}", self.delete),
            ("POST", f"{_API}/tables/{{source_table_name}}/publish", self.publish),
            ("DELETE", f"{_API}/online-tables/{{online_table_name}}", self.delete_table),
            ("GET", f"{_PIPELINES}/{{pipeline_id}}", self.get_pipeline),
            ("POST", f"{_PIPELINES}/{{pipeline_id}}/updates", self.start_update),
        ]

    @cached_property
    def stores(self) -> OnlineStores:
        """The stores. The first call opens them, because the import takes long."""
        from lakelab.local.online_store import OnlineStores

        return OnlineStores(self._home, self._unity)

    def close(self) -> None:
        """Stop the running pipelines, if the stores were opened."""
        if "stores" in self.__dict__:
            self.stores.close()

    # ---- stores ----------------------------------------------------------------------------------
    def create(self, call: Call) -> dict[str, Any]:
        replicas = call.parameters.get("read_replica_count")
        store = self.stores.create(
            call.text("name"),
            call.text("capacity"),
            replicas,
            call.optional("usage_policy_id"),
            call.user,
        )
        return _store(store)

    def list(self, call: Call) -> dict[str, Any]:
        page, token = paginate(
            Call(call.user, {**call.parameters, "max_results": call.integer("page_size", 100)}),
            self.stores.list(),
        )
        return without_none(online_stores=[_store(store) for store in page], next_page_token=token)

    def get(self, call: Call) -> dict[str, Any]:
        return _store(self.stores.get(call.text("name")))

    def update(self, call: Call) -> dict[str, Any]:
        fields = [field.strip() for field in call.text("update_mask").split(",")]
        changes = {field: call.parameters.get(field) for field in fields}
        return _store(self.stores.update(call.text("name"), changes))

    def delete(self, call: Call) -> None:
        self.stores.delete(call.text("name"))

    # ---- tables ----------------------------------------------------------------------------------
    def publish(self, call: Call) -> dict[str, Any]:
        parameters = call.parameters.get("publish_spec")
        if not isinstance(parameters, dict):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                "Missing value for required parameter 'publish_spec'.",
            )
        spec = Call(call.user, parameters)
        published = self.stores.publish(
            ".".join(split_name(call.text("source_table_name"), 3, "Source table")),
            ".".join(split_name(spec.text("online_table_name"), 3, "Online table")),
            spec.text("online_store"),
            spec.text("publish_mode"),
            call.user,
        )
        return {
            "online_table_name": published.online_table_name,
            "pipeline_id": published.pipeline_id,
        }

    def delete_table(self, call: Call) -> None:
        self.stores.delete_table(call.text("online_table_name"))

    # ---- pipelines -------------------------------------------------------------------------------
    def get_pipeline(self, call: Call) -> dict[str, Any]:
        """Return a pipeline. A publish ends before its call does, so its update is complete."""
        pipeline = self.stores.pipeline(call.text("pipeline_id"))
        update = pipeline["last_update"]
        modified = datetime.fromisoformat(update["time"])
        state = "FAILED" if pipeline["error"] else "RUNNING" if pipeline["running"] else "IDLE"
        return {
            "pipeline_id": pipeline["pipeline_id"],
            "name": pipeline["name"],
            "state": state,
            "cause": pipeline["error"] or "",
            "creator_user_name": pipeline["creator"] or "",
            "last_modified": int(modified.timestamp() * 1000),
            "latest_updates": [
                {
                    "update_id": update["id"],
                    "state": "FAILED" if pipeline["error"] else "COMPLETED",
                    "creation_time": update["time"],
                }
            ],
        }

    def start_update(self, call: Call) -> dict[str, Any]:
        pipeline_id = call.text("pipeline_id")
        self.stores.start_update(pipeline_id, call.user)
        return {"update_id": self.stores.pipeline(pipeline_id)["last_update"]["id"]}


def _store(store: OnlineStore) -> dict[str, Any]:
    return {**vars(store), "state": "AVAILABLE"}
