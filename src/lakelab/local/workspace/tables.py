"""REST calls about tables, as ``databricks.sdk`` makes them.

Follows https://docs.databricks.com/api/workspace/tables
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from deltalake.exceptions import DeltaError

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.catalog.views import UnityView, ViewColumn, Views
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint, without_none
from lakelab.local.workspace.securables import Securables, parse_schema, parse_securable

_logger = logging.getLogger(__name__)

_TYPE_NAMES = {"INTEGER": "INT"}
"""Delta's name of a type -> its name in the REST API, where the two differ."""

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")


class TablesApi:
    """The calls about tables.

    Parameters
    ----------
    securables : Securables
    """

    def __init__(self, securables: Securables):
        self._securables = securables
        self._unity = securables.unity
        self._governance = securables.governance

    def endpoints(self) -> list[Endpoint]:
        return [
            ("GET", f"{UNITY_API}/tables", self.list),
            ("GET", f"{UNITY_API}/tables/{{name}}", self.get),
            ("PATCH", f"{UNITY_API}/tables/{{name}}", self.update),
            ("DELETE", f"{UNITY_API}/tables/{{name}}", self.delete),
            ("GET", f"{UNITY_API}/tables/{{name}}/exists", self.exists),
        ]

    def list(self, call: Call) -> dict[str, Any]:
        schema = parse_schema(call)
        self._securables.require(schema)
        tables = self._securables.visible(call, self._securables.tables_of(schema))
        return {"tables": [self._list_entry(table) for table in tables]}

    def _list_entry(self, securable: Securable) -> dict[str, Any]:
        try:
            table = self._table(securable)
            table.pop("table_constraints", None)  # a list leaves them out, as officially
            return table
        except ApiError as error:  # a damaged table must not hide the others
            _logger.warning("%s", error)
            return self._securables.common_fields(securable)

    def get(self, call: Call) -> dict[str, Any]:
        securable = parse_securable(call, "table")
        self._securables.require(securable)
        self._governance.require(call.user, securable, "SELECT", "BROWSE", "MODIFY")
        return self._table(securable)

    def update(self, call: Call) -> dict[str, Any]:
        """Change the owner. This call changes nothing else; SQL changes comments."""
        table = parse_securable(call, "table")
        self._securables.service(call).update(table, owner=call.optional("owner"))
        return self._table(table)

    def delete(self, call: Call) -> None:
        table = parse_securable(call, "table")
        self._securables.service(call).require(table)
        self._securables.service(call).drop_table(TableName(*table.name.split(".")))

    def exists(self, call: Call) -> dict[str, Any]:
        return {"table_exists": self._securables.exists(parse_securable(call, "table"))}

    def _table(self, securable: Securable) -> dict[str, Any]:
        name = TableName(*securable.name.split("."))
        if self._unity.is_view(name):
            return self._view(securable, Views(self._unity).get(name))
        try:
            table = self._unity.table(name)
            metadata = table.delta.metadata()
            fields = {
                **self._securables.common_fields(securable),
                "table_type": "MANAGED",
                "data_source_format": "DELTA",
                "securable_kind": "TABLE_DELTA",
                "table_id": str(metadata.id),
                "storage_location": table.path.as_uri(),
                "properties": table.properties,
                "created_at": metadata.created_time,
                "columns": _columns(table, metadata.partition_columns),
            }
        except (DeltaError, OSError, ValueError) as error:
            raise ApiError(
                conditions.INVALID_STATE,
                f"The Delta log of {securable} cannot be read: {self._unity.path(name)}. {error}",
            ) from error
        if table.comment:
            fields["comment"] = table.comment
        if constraint := _primary_key(table):
            fields["table_constraints"] = [{"primary_key_constraint": constraint}]
        return fields

    def _view(self, securable: Securable, view: UnityView) -> dict[str, Any]:
        fields = {
            **self._securables.common_fields(securable),
            "table_type": "VIEW",
            "securable_kind": "TABLE_VIEW",
            "table_id": view.view_id,
            "view_definition": view.query,
            "properties": dict(view.properties),
            "created_at": view.created_at,
            "created_by": view.creator,
            "updated_at": view.changed_at,
            "columns": [_column(i, _field(column)) for i, column in enumerate(view.columns)],
        }
        return fields | ({"comment": view.comment} if view.comment else {})


def _columns(table: UnityTable, partition_columns: list[str]) -> list[dict[str, Any]]:
    columns = []
    for position, field in enumerate(table.fields):
        column = _column(position, field)
        if field["name"] in partition_columns:
            column["partition_index"] = partition_columns.index(field["name"])
        columns.append(column)
    return columns


def _column(position: int, field: dict[str, Any]) -> dict[str, Any]:
    type_text = field["type"] if isinstance(field["type"], str) else field["type"]["type"]
    type_name = type_text.partition("(")[0].upper()
    column = without_none(
        name=field["name"],
        position=position,
        nullable=field["nullable"],
        type_text=sql_type(field["type"]),
        type_json=json.dumps(field),
        type_name=_TYPE_NAMES.get(type_name, type_name),
        comment=(field.get("metadata") or {}).get("comment"),
    )
    if decimal := _DECIMAL.fullmatch(type_text):
        column |= {"type_precision": int(decimal[1]), "type_scale": int(decimal[2])}
    return column


def _field(column: ViewColumn) -> dict[str, Any]:
    """Return a column of a view as a field of a table."""
    metadata = {"comment": column.comment} if column.comment else {}
    return {
        "name": column.name,
        "type": column.type_json,
        "nullable": column.nullable,
        "metadata": metadata,
    }


def _primary_key(table: UnityTable) -> dict[str, Any] | None:
    key = table.primary_key
    if not key:
        return None
    constraint: dict[str, Any] = {"name": key.name, "child_columns": list(key.columns)}
    if key.timeseries_column:
        constraint["timeseries_columns"] = [key.timeseries_column]
    return constraint
