"""The REST service `/feature-store/*` of the official feature engineering client's catalog.

The service is private: its requests and responses are read from the client's protobuf messages. Feature
tables in Unity Catalog have their keys, comments and tags in Unity Catalog. The service lists features with
their types, keeps tags, and records producers and consumers.
"""

from __future__ import annotations

from typing import Any

from lakelab.local.catalog.errors import ApiError, NotFoundError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.workspace.api import Call, Endpoint

API = "/api/2.0/feature-store"

TYPES = {
    "byte": "SHORT",
    "short": "SHORT",
    "integer": "INTEGER",
    "long": "LONG",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "STRING",
    "binary": "BINARY",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_ntz": "TIMESTAMP",
}
"""Delta's type -> `FeatureType` of the service. Lessons need no nested types."""


class FeatureStoreService:
    """The service, on the tables of a local Unity Catalog."""

    def __init__(self, unity: UnityCatalog):
        self._unity = unity

    def endpoints(self) -> list[Endpoint]:
        calls = {
            ("POST", "feature-tables/create"): self._feature_table,
            ("GET", "feature-tables/get"): self._feature_table,
            ("DELETE", "feature-tables/delete"): self._accept,
            ("POST", "features/create"): self._accept,
            ("GET", "features/get"): self._features,
            ("POST", "feature-tables/get-online-stores"): self._online_stores,
            ("POST", "tags/set"): self._accept,
            ("GET", "tags/get"): self._accept,
            ("POST", "feature-tables/add-producer"): self._accept,
            ("POST", "features/add-consumer"): self._accept,
            ("POST", "log-client-event"): self._accept,
        }
        return [
            *((method, f"{API}/{path}", handler) for (method, path), handler in calls.items()),
            # an API of Unity Catalog, private as well
            ("GET", "/api/2.0/unity-catalog/securable-tags/TABLE/{name}", self._uc_tags),
        ]

    def _accept(self, call: Call) -> dict[str, Any]:
        """Accept a request and return an empty response."""
        return {}

    def _table(self, name: str) -> Any:
        try:
            return self._unity.table(TableName.parse(name))
        except NotFoundError as error:
            raise ApiError("RESOURCE_DOES_NOT_EXIST", str(error)) from error

    def _feature_table(self, call: Call) -> dict[str, Any]:
        table = self._table(call.text("name"))
        return {"feature_table": {"name": str(table.name), "id": str(table.delta.metadata().id)}}

    def _features(self, call: Call) -> dict[str, Any]:
        # The order of the service's features is not documented. It determines the order of a training
        # set's columns, and thereby the choice of a tree between two equal splits: the same as locally.
        table = self._table(call.text("feature_table"))
        partitions = table.delta.metadata().partition_columns
        fields = sorted(table.fields, key=lambda f: (f["name"] not in partitions, f["name"]))
        return {
            "features": [
                {
                    "id": f"{table.name}.{field['name']}",
                    "table": str(table.name),
                    "name": field["name"],
                    "data_type": _type_of(field["type"]),
                }
                for field in fields
            ]
        }

    def _online_stores(self, call: Call) -> dict[str, Any]:
        names = call.parameters.get("feature_tables", [])
        return {
            "feature_table_online_stores": [
                {"feature_table": n, "online_stores": []} for n in names
            ]
        }

    def _uc_tags(self, call: Call) -> dict[str, Any]:
        tags = self._table(call.text("name")).tags
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        return {"tag_assignments": [{"tag_key_value_pairs": pairs}]}


def _type_of(delta_type: Any) -> str:
    if isinstance(delta_type, str):
        name = "DECIMAL" if delta_type.startswith("decimal") else TYPES.get(delta_type)
        if name:
            return name
    raise ApiError("INVALID_PARAMETER_VALUE", f"no feature type for {delta_type!r}.")
