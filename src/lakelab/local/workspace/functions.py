"""REST calls about functions, as ``databricks.sdk`` makes them. SQL creates functions; REST shows them.

Follows https://docs.databricks.com/api/workspace/functions
"""

from __future__ import annotations

import json
from typing import Any

from lakelab.local.catalog.functions import (
    FEATURE_SPEC,
    PYTHON,
    SQL,
    UnityFunction,
    data_type,
)
from lakelab.local.catalog.names import TableName, split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.service import not_found
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint, paginate, without_none
from lakelab.local.workspace.securables import Securables, parse_schema

_TYPE_NAMES = {"BYTE": "BYTE", "SHORT": "SHORT", "INTEGER": "INT", "LONG": "LONG"}


class FunctionsApi:
    """The calls about functions and feature specs.

    Parameters
    ----------
    securables : Securables
    """

    def __init__(self, securables: Securables):
        self._securables = securables
        self._functions = securables.functions
        self._governance = securables.governance

    def endpoints(self) -> list[Endpoint]:
        function = f"{UNITY_API}/functions/{{name}}"
        return [
            ("GET", f"{UNITY_API}/functions", self.list),
            ("GET", function, self.get),
            # the path of the feature engineering client
            ("GET", "/api/2.0/unity-catalog/functions/{name}", self.get),
            ("PATCH", function, self.update),
            ("DELETE", function, self.delete),
        ]

    def _authorized(self, call: Call, *one_of: str) -> Securable:
        """Return the function of a call, if the caller has one of the privileges on it.

        Without privileges, only the owner is authorized.
        """
        name = ".".join(split_name(call.text("name"), 3, "Function"))
        securable = Securable("function", name)
        if not self._functions.exists(TableName.parse(name)):
            self._securables.require(Securable("schema", name.rpartition(".")[0]))
            raise not_found(securable)
        self._governance.require(call.user, securable, *one_of)
        return securable

    def list(self, call: Call) -> dict[str, Any]:
        schema = parse_schema(call)
        self._securables.require(schema)
        visible = [
            self._function(TableName.parse(function.name))
            for function in self._securables.functions_of(schema)
            if self._governance.may(call.user, function, "EXECUTE")
        ]
        functions, token = paginate(call, visible)
        return without_none(functions=functions, next_page_token=token)

    def get(self, call: Call) -> dict[str, Any]:
        function = self._authorized(call, "EXECUTE", "BROWSE")
        return self._function(TableName.parse(function.name))

    def update(self, call: Call) -> dict[str, Any]:
        """Change the owner. This call changes nothing else."""
        function = self._authorized(call)
        self._securables.service(call).update(function, owner=call.optional("owner"))
        return self._function(TableName.parse(function.name))

    def delete(self, call: Call) -> None:
        function = self._authorized(call)
        self._securables.service(call).drop_function(TableName.parse(function.name))

    def _function(self, name: TableName) -> dict[str, Any]:
        function = self._functions.get(name)
        return without_none(
            name=name.table,
            catalog_name=name.catalog,
            schema_name=name.schema,
            full_name=str(name),
            function_id=function.function_id,
            owner=self._governance.owner(Securable("function", str(name))),
            created_at=function.created_at,
            created_by=function.creator,
            comment=function.comment,
            routine_definition=function.body,
            is_deterministic=function.deterministic,
            is_null_call=True,  # NULLs reach the body
            parameter_style="S",
            security_type="DEFINER",
            securable_type="FUNCTION",
            **_language(function),
            **_signature(function),
            **_properties(function),
        )


def _language(function: UnityFunction) -> dict[str, Any]:
    if function.language == SQL:
        return {"routine_body": "SQL", "sql_data_access": "CONTAINS_SQL"}
    external = {"external_language": "Python"} if function.language == PYTHON else {}
    return {"routine_body": "EXTERNAL", "sql_data_access": "NO_SQL", **external}


def _signature(function: UnityFunction) -> dict[str, Any]:
    if function.language == FEATURE_SPEC:
        return {"securable_kind": "FUNCTION_FEATURE_SPEC"}
    parameters = [
        {
            "position": position,
            **_typed(parameter.name, parameter.type_json),
            **without_none(comment=parameter.comment, parameter_default=parameter.default),
        }
        for position, parameter in enumerate(function.parameters)
    ]
    result = _typed("result", function.returns)
    return {
        "securable_kind": "FUNCTION_STANDARD",
        "input_params": {"parameters": parameters},
        "data_type": result["type_name"],
        "full_data_type": result["type_text"].upper(),
    }


def _properties(function: UnityFunction) -> dict[str, Any]:
    if not function.requirements:
        return {}
    dependencies = {"environment.dependencies": json.dumps(list(function.requirements))}
    return {"properties": json.dumps(dependencies)}


def _typed(name: str, type_json: Any) -> dict[str, Any]:
    spark_type = data_type(type_json)
    type_name = spark_type.typeName().partition("(")[0].upper()
    field = {"name": name, "type": type_json, "nullable": True, "metadata": {}}
    typed: dict[str, Any] = {
        "name": name,
        "type_text": spark_type.simpleString(),
        "type_name": _TYPE_NAMES.get(type_name, type_name),
        "type_json": json.dumps(field),
    }
    if type_name == "DECIMAL":
        precision, _, scale = spark_type.simpleString()[len("decimal(") : -1].partition(",")
        typed |= {"type_precision": int(precision), "type_scale": int(scale)}
    return typed
