"""Online stores over HTTP: what databricks-sdk and the feature engineering client call.

Follows https://docs.databricks.com/api/workspace/featurestore and, for the pipelines that keep online
tables in step, https://docs.databricks.com/api/workspace/pipelines
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.names import split_name
from lakelab.local.workspace.api import Call, Endpoint, page_of

if TYPE_CHECKING:
    from lakelab.local.catalog.store import UnityCatalog
    from lakelab.local.online_store import OnlineStore, OnlineStores
    from lakelab.local.system.home import Home

_API = "/api/2.0/feature-store"
_PIPELINES = "/api/2.0/pipelines"


class OnlineStoreService:
    """Answers for online stores, online tables and their pipelines.

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
            ("GET", f"{_PIPELINES}/{{pipeline_id}}", self.pipeline),
            ("POST", f"{_PIPELINES}/{{pipeline_id}}/updates", self.start_update),
        ]

    @cached_property
    def stores(self) -> OnlineStores:
        """The stores; opened by the first call, as it imports a good deal."""
        from lakelab.local.online_store import OnlineStores

        return OnlineStores(self._home, self._unity)

    def close(self) -> None:
        """End what goes on, if anything was opened."""
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
        page, token = page_of(
            Call(call.user, {**call.parameters, "max_results": call.integer("page_size", 100)}),
            self.stores.list(),
        )
        return {
            "online_stores": [_store(store) for store in page],
            **({"next_page_token": token} if token else {}),
        }

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
        told = call.parameters.get("publish_spec")
        if not isinstance(told, dict):
            raise ApiError(
                "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'publish_spec'."
            )
        spec = Call(call.user, told)
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
    def pipeline(self, call: Call) -> dict[str, Any]:
        """Describe a pipeline. A publish ends before its call does, so its update is complete."""
        told = self.stores.pipeline(call.text("pipeline_id"))
        update, time = told["last_update"], datetime.fromisoformat(told["last_update"]["time"])
        state = "FAILED" if told["error"] else "RUNNING" if told["running"] else "IDLE"
        return {
            "pipeline_id": told["pipeline_id"],
            "name": told["name"],
            "state": state,
            "cause": told["error"] or "",
            "creator_user_name": told["creator"] or "",
            "last_modified": int(time.timestamp() * 1000),
            "latest_updates": [
                {
                    "update_id": update["id"],
                    "state": "FAILED" if told["error"] else "COMPLETED",
                    "creation_time": update["time"],
                }
            ],
        }

    def start_update(self, call: Call) -> dict[str, Any]:
        pipeline = call.text("pipeline_id")
        self.stores.start_update(pipeline, call.user)
        return {"update_id": self.stores.pipeline(pipeline)["last_update"]["id"]}


def _store(store: OnlineStore) -> dict[str, Any]:
    return {**vars(store), "state": "AVAILABLE"}
