"""REST calls about functions, as ``databricks.sdk`` makes them. SQL makes functions; here they are shown.

Follows https://docs.databricks.com/api/workspace/functions
"""

from __future__ import annotations

import json
from typing import Any

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.functions import (
    FEATURE_SPEC,
    PYTHON,
    SQL,
    Functions,
    UnityFunction,
    data_type,
)
from lakelab.local.catalog.names import TableName, split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint, page_of
from lakelab.local.workspace.catalog import Catalog

_TYPE_NAMES = {"BYTE": "BYTE", "SHORT": "SHORT", "INTEGER": "INT", "LONG": "LONG"}


class FunctionCalls:
    """Functions and feature specs, and who may see them.

    Parameters
    ----------
    catalog : Catalog
        The schemas that they are in, and their grants.
    """

    def __init__(self, catalog: Catalog):
        self._catalog = catalog
        self._functions = Functions(catalog.unity)
        self._governance = catalog.governance

    def endpoints(self) -> list[Endpoint]:
        one = f"{UNITY_API}/functions/{{name}}"
        return [
            ("GET", f"{UNITY_API}/functions", self.list),
            ("GET", one, self.get),
            # the feature engineering client asks so
            ("GET", "/api/2.0/unity-catalog/functions/{name}", self.get),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    def _named(self, call: Call, *one_of: str) -> Securable:
        """Give the function that the caller may use so; no privilege means its owner."""
        name = ".".join(split_name(call.text("name"), 3, "Function"))
        securable = Securable("function", name)
        if not self._functions.exists(TableName.parse(name)):
            self._catalog.require(Securable("schema", name.rpartition(".")[0]))
            raise ApiError("RESOURCE_DOES_NOT_EXIST", f"{securable} does not exist.")
        self._governance.require(call.user, securable, *one_of)
        return securable

    def list(self, call: Call) -> dict[str, Any]:
        given = f"{call.text('catalog_name')}.{call.text('schema_name')}"
        catalog, schema = split_name(given, 2, "Schema")
        self._catalog.require(Securable("schema", f"{catalog}.{schema}"))
        seen = [
            self._about(name)
            for name in self._functions.names(catalog, schema)
            if self._governance.may(call.user, Securable("function", str(name)), "EXECUTE")
        ]
        functions, token = page_of(call, seen)
        return {"functions": functions, **({"next_page_token": token} if token else {})}

    def get(self, call: Call) -> dict[str, Any]:
        return self._about(TableName.parse(self._named(call, "EXECUTE", "BROWSE").name))

    def update(self, call: Call) -> dict[str, Any]:
        """Change the owner: all that this call can change."""
        function = self._named(call)
        self._governance.describe(function, owner=call.optional("owner"))
        return self._about(TableName.parse(function.name))

    def delete(self, call: Call) -> None:
        function = self._named(call)
        self._functions.drop(TableName.parse(function.name))
        self._governance.forget(function)

    def _about(self, name: TableName) -> dict[str, Any]:
        function = self._functions.get(name)
        about = {
            "name": name.table,
            "catalog_name": name.catalog,
            "schema_name": name.schema,
            "full_name": str(name),
            "function_id": function.function_id,
            "owner": self._governance.owner(Securable("function", str(name))),
            "created_at": function.created_at,
            "created_by": function.creator,
            "comment": function.comment,
            "routine_definition": function.body,
            "is_deterministic": function.deterministic,
            "is_null_call": True,  # NULLs reach the body
            "parameter_style": "S",
            "security_type": "DEFINER",
            "securable_type": "FUNCTION",
            "securable_kind": "FUNCTION_STANDARD",
            **_language(function),
        }
        if function.language == FEATURE_SPEC:
            about["securable_kind"] = "FUNCTION_FEATURE_SPEC"
        else:
            parameters = [
                {"position": i, **_typed(p.name, p.type_json), **_described(p.comment, p.default)}
                for i, p in enumerate(function.parameters)
            ]
            returned = _typed("result", function.returns)
            about |= {
                "input_params": {"parameters": parameters},
                "data_type": returned["type_name"],
                "full_data_type": returned["type_text"].upper(),
            }
        if function.requirements:
            needs = {"environment.dependencies": json.dumps(list(function.requirements))}
            about["properties"] = json.dumps(needs)
        return {key: value for key, value in about.items() if value is not None}


def _language(function: UnityFunction) -> dict[str, Any]:
    if function.language == SQL:
        return {"routine_body": "SQL", "sql_data_access": "CONTAINS_SQL"}
    named = {"external_language": "Python"} if function.language == PYTHON else {}
    return {"routine_body": "EXTERNAL", "sql_data_access": "NO_SQL", **named}


def _typed(name: str, type_json: Any) -> dict[str, Any]:
    kind = data_type(type_json)
    name_of_type = kind.typeName().partition("(")[0].upper()
    field = {"name": name, "type": type_json, "nullable": True, "metadata": {}}
    typed: dict[str, Any] = {
        "name": name,
        "type_text": kind.simpleString(),
        "type_name": _TYPE_NAMES.get(name_of_type, name_of_type),
        "type_json": json.dumps(field),
    }
    if name_of_type == "DECIMAL":
        precision, _, scale = kind.simpleString()[len("decimal(") : -1].partition(",")
        typed |= {"type_precision": int(precision), "type_scale": int(scale)}
    return typed


def _described(comment: str | None, default: str | None) -> dict[str, str]:
    told = {"comment": comment, "parameter_default": default}
    return {key: value for key, value in told.items() if value is not None}
