"""REST calls about catalogs, schemas, tables and grants, as ``databricks.sdk`` makes them.

Follows https://docs.databricks.com/api/workspace/catalogs, /schemas, /tables and /grants
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import DeltaError

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.names import TableName, split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint

if TYPE_CHECKING:
    from lakelab.local.catalog.models import Registry

_logger = logging.getLogger(__name__)

# Delta's names of types, where SQL's and the REST API's differ from them
_TYPE_NAMES = {"INTEGER": "INT"}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_LEVELS = {"catalog": 1, "schema": 2, "table": 3, "function": 3}


class Catalog:
    """Catalogs, schemas and tables of the warehouse, and grants on them and on models.

    Parameters
    ----------
    unity : UnityCatalog
        Where the tables are.
    governance : Governance
        Owners, comments and grants.
    registry : Registry
        Where the models are: they have grants, too, and go with their schema.
    """

    def __init__(self, unity: UnityCatalog, governance: Governance, registry: Registry):
        self.unity = unity
        self.functions = Functions(unity)
        self.governance = governance
        self.registry = registry

    def endpoints(self) -> list[Endpoint]:
        permissions = "{kind}/{name}"
        return [
            ("GET", f"{UNITY_API}/current-metastore-assignment", self.get_metastore),
            ("GET", f"{UNITY_API}/catalogs", self.list_catalogs),
            ("POST", f"{UNITY_API}/catalogs", self.create_catalog),
            ("GET", f"{UNITY_API}/catalogs/{{name}}", self.get_catalog),
            ("PATCH", f"{UNITY_API}/catalogs/{{name}}", self.update_catalog),
            ("DELETE", f"{UNITY_API}/catalogs/{{name}}", self.delete_catalog),
            ("GET", f"{UNITY_API}/schemas", self.list_schemas),
            ("POST", f"{UNITY_API}/schemas", self.create_schema),
            ("GET", f"{UNITY_API}/schemas/{{name}}", self.get_schema),
            ("PATCH", f"{UNITY_API}/schemas/{{name}}", self.update_schema),
            ("DELETE", f"{UNITY_API}/schemas/{{name}}", self.delete_schema),
            ("GET", f"{UNITY_API}/tables", self.list_tables),
            ("GET", f"{UNITY_API}/tables/{{name}}", self.get_table),
            ("PATCH", f"{UNITY_API}/tables/{{name}}", self.update_table),
            ("DELETE", f"{UNITY_API}/tables/{{name}}", self.delete_table),
            ("GET", f"{UNITY_API}/tables/{{name}}/exists", self.table_exists),
            ("GET", f"{UNITY_API}/permissions/{permissions}", self.get_grants),
            ("PATCH", f"{UNITY_API}/permissions/{permissions}", self.update_grants),
            ("GET", f"{UNITY_API}/effective-permissions/{permissions}", self.get_effective_grants),
            # the same two in pages, as databricks.sdk's grants.list and list_effective ask
            ("GET", f"{UNITY_API}/privilege-assignments/{permissions}", self.get_grants),
            (
                "GET",
                f"{UNITY_API}/effective-privilege-assignments/{permissions}",
                self.list_effective_grants,
            ),
        ]

    # ---- what exists -------------------------------------------------------------------------
    def exists(self, securable: Securable) -> bool:
        parts = securable.name.split(".")
        if securable.kind == "catalog":
            return parts[0] in self.unity.catalogs()
        if securable.kind == "schema":
            return parts[1] in self.unity.schemas(parts[0])
        if securable.kind == "table":
            return self.unity.exists(TableName(*parts))
        if self.functions.exists(TableName(*parts)):
            return True
        with suppress(ApiError):
            self.registry.model(securable.name)
            return True
        return False

    def require(self, securable: Securable) -> None:
        """Refuse a securable that does not exist, or whose catalog or schema does not.

        Raises
        ------
        ApiError
            ``RESOURCE_DOES_NOT_EXIST``, with the first level that is missing.
        """
        for level in securable.lineage:
            if not self.exists(level):
                raise ApiError("RESOURCE_DOES_NOT_EXIST", f"{level} does not exist.")

    def _named(self, call: Call, kind: str) -> Securable:
        name = split_name(call.text("name"), _LEVELS[kind], kind.capitalize())
        return Securable(kind, ".".join(name))

    # ---- catalogs and schemas ----------------------------------------------------------------
    def get_metastore(self, call: Call) -> dict[str, Any]:
        """Name the metastore, by an id that all workspaces on this warehouse find the same."""
        return {"metastore_id": str(uuid.uuid5(uuid.NAMESPACE_URL, self.unity.warehouse.as_uri()))}

    def list_catalogs(self, call: Call) -> dict[str, Any]:
        found = [Securable("catalog", name) for name in self.unity.catalogs()]
        return {"catalogs": [self._about(c) for c in self._visible(call, found)]}

    def get_catalog(self, call: Call) -> dict[str, Any]:
        return self._get(call, "catalog", "USE_CATALOG")

    def create_catalog(self, call: Call) -> dict[str, Any]:
        new = self._named(call, "catalog")
        if call.user != self.governance.admin:
            raise ApiError(
                "PERMISSION_DENIED", "User does not have CREATE CATALOG on Metastore 'local'."
            )
        return self._create(call, new, lambda: self.unity.create_catalog(new.name))

    def list_schemas(self, call: Call) -> dict[str, Any]:
        (catalog,) = split_name(call.text("catalog_name"), 1, "Catalog")
        self.require(Securable("catalog", catalog))
        found = [Securable("schema", f"{catalog}.{name}") for name in self.unity.schemas(catalog)]
        return {"schemas": [self._about(s) for s in self._visible(call, found)]}

    def get_schema(self, call: Call) -> dict[str, Any]:
        return self._get(call, "schema", "USE_SCHEMA")

    def create_schema(self, call: Call) -> dict[str, Any]:
        given = f"{call.text('catalog_name')}.{call.text('name')}"
        catalog, schema = split_name(given, 2, "Schema")
        new, parent = Securable("schema", f"{catalog}.{schema}"), Securable("catalog", catalog)
        self.require(parent)
        if call.user != self.governance.admin:
            self.governance.require(call.user, parent, "CREATE_SCHEMA")
            if not self.governance.owns(call.user, parent):
                # on a catalog itself `require` wants the privilege only
                self.governance.require(call.user, parent, "USE_CATALOG")
        return self._create(call, new, lambda: self.unity.create_schema(catalog, schema))

    def _get(self, call: Call, kind: str, privilege: str) -> dict[str, Any]:
        securable = self._named(call, kind)
        self.require(securable)
        if not self.governance.visible(call.user, securable):
            self.governance.require(call.user, securable, privilege)
        return self._about(securable)

    def _create(self, call: Call, new: Securable, make: Callable[[], Any]) -> dict[str, Any]:
        if self.exists(new):
            code = f"{new.kind.upper()}_ALREADY_EXISTS"
            raise ApiError(code, f"{new} already exists.")
        make()
        self.governance.describe(new, owner=call.user, comment=call.optional("comment"))
        return self._about(new)

    def update_catalog(self, call: Call) -> dict[str, Any]:
        return self._update(call, "catalog")

    def update_schema(self, call: Call) -> dict[str, Any]:
        return self._update(call, "schema")

    def _owned(self, call: Call, kind: str) -> Securable:
        securable = self._named(call, kind)
        self.require(securable)
        self.governance.require(call.user, securable)
        return securable

    def _update(self, call: Call, kind: str) -> dict[str, Any]:
        """Change comment and owner; the folders keep their names."""
        securable = self._owned(call, kind)
        if call.optional("new_name") not in (None, "", securable.name.rpartition(".")[2]):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"{securable} keeps its name on a laptop; in a workspace it can be renamed.",
            )
        self.governance.describe(
            securable, owner=call.optional("owner"), comment=call.optional("comment")
        )
        return self._about(securable)

    def delete_catalog(self, call: Call) -> None:
        catalog = self._owned(call, "catalog")
        schemas = [
            Securable("schema", f"{catalog.name}.{s}") for s in self.unity.schemas(catalog.name)
        ]
        if schemas and not call.flag("force"):
            raise ApiError(
                "INVALID_STATE",
                f"{catalog} is not empty. The catalog has {len(schemas)} schema(s).",
            )
        for schema in schemas:
            self._delete_schema(schema)
        self.unity.drop_catalog(catalog.name)
        self.governance.forget(catalog)

    def delete_schema(self, call: Call) -> None:
        schema = self._owned(call, "schema")
        tables = self._tables_of(schema)
        functions = [*self._models_of(schema), *self._functions_of(schema)]
        if (tables or functions) and not call.flag("force"):
            raise ApiError(
                "INVALID_STATE",
                f"{schema} is not empty. The schema has {len(tables)} table(s), {len(functions)} "
                "function(s), 0 volume(s). Models count as functions.",
            )
        self._delete_schema(schema)

    def _delete_schema(self, schema: Securable) -> None:
        for model in self._models_of(schema):
            self.registry.delete_model(model.name)
            self.governance.forget(model)
        for other in (*self._tables_of(schema), *self._functions_of(schema)):
            self.governance.forget(other)
        self.unity.drop_schema(*schema.name.split("."))
        self.governance.forget(schema)

    def _tables_of(self, schema: Securable) -> list[Securable]:
        return [Securable("table", str(t)) for t in self.unity.tables(*schema.name.split("."))]

    def _functions_of(self, schema: Securable) -> list[Securable]:
        names = self.functions.names(*schema.name.split("."))
        return [Securable("function", str(name)) for name in names]

    def _models_of(self, schema: Securable) -> list[Securable]:
        names = (model.name for model in self.registry.models())
        return [Securable("function", n) for n in names if n.startswith(f"{schema.name}.")]

    def _visible(self, call: Call, found: list[Securable]) -> list[Securable]:
        return [securable for securable in found if self.governance.visible(call.user, securable)]

    def _about(self, securable: Securable) -> dict[str, Any]:
        *parents, name = securable.name.split(".")
        about = {
            "name": name,
            "full_name": securable.name,
            "owner": self.governance.owner(securable),
            "comment": self.governance.comment(securable),
            "catalog_type": "MANAGED_CATALOG" if securable.kind in ("catalog", "schema") else None,
            **dict(zip(("catalog_name", "schema_name"), parents, strict=False)),
        }
        return {key: value for key, value in about.items() if value is not None}

    # ---- tables ------------------------------------------------------------------------------
    def list_tables(self, call: Call) -> dict[str, Any]:
        given = f"{call.text('catalog_name')}.{call.text('schema_name')}"
        catalog, schema = split_name(given, 2, "Schema")
        parent = Securable("schema", f"{catalog}.{schema}")
        self.require(parent)
        found = self._visible(call, self._tables_of(parent))
        return {"tables": [self._listed_table(table) for table in found]}

    def _listed_table(self, securable: Securable) -> dict[str, Any]:
        try:
            table = self._table(securable)
            table.pop("table_constraints", None)  # a list leaves them out, as officially
            return table
        except ApiError as error:  # one broken table does not hide the others
            _logger.warning("%s", error)
            return self._about(securable)

    def get_table(self, call: Call) -> dict[str, Any]:
        securable = self._named(call, "table")
        self.require(securable)
        self.governance.require(call.user, securable, "SELECT", "BROWSE", "MODIFY")
        return self._table(securable)

    def update_table(self, call: Call) -> dict[str, Any]:
        """Change the owner: all that this call can change. Comments are changed in SQL."""
        table = self._owned(call, "table")
        self.governance.describe(table, owner=call.optional("owner"))
        return self._table(table)

    def delete_table(self, call: Call) -> None:
        table = self._owned(call, "table")
        self.unity.drop_table(TableName(*table.name.split(".")))
        self.governance.forget(table)

    def table_exists(self, call: Call) -> dict[str, Any]:
        return {"table_exists": self.exists(self._named(call, "table"))}

    def _table(self, securable: Securable) -> dict[str, Any]:
        name = TableName(*securable.name.split("."))
        try:
            table = self.unity.table(name)
            metadata = table.delta.metadata()
            about = {
                **self._about(securable),
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
                "INVALID_STATE",
                f"The Delta log of {securable} cannot be read: {self.unity.path(name)}. {error}",
            ) from error
        if table.comment:
            about["comment"] = table.comment
        if constraint := _primary_key(table):
            about["table_constraints"] = [{"primary_key_constraint": constraint}]
        return about

    # ---- grants ------------------------------------------------------------------------------
    def _granted(self, call: Call) -> Securable:
        kind = call.text("kind").lower()
        kind = "function" if kind == "model" else kind
        if kind not in _LEVELS:
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Securable type '{call.text('kind')}' has no grants on a laptop: expected CATALOG, "
                "SCHEMA, TABLE or FUNCTION (registered models are functions).",
            )
        securable = self._named(call, kind)
        self.require(securable)
        return securable

    def get_grants(self, call: Call) -> dict[str, Any]:
        securable = self._granted(call)
        wanted = call.optional("principal")
        mine = not self.governance.may(call.user, securable)  # others see their own grants only
        return {
            "privilege_assignments": [
                {"principal": principal, "privileges": privileges}
                for principal, privileges in self.governance.grants(securable).items()
                if wanted in (None, principal) and (not mine or principal == call.user)
            ]
        }

    def get_effective_grants(self, call: Call) -> dict[str, Any]:
        securable = self._granted(call)
        wanted = call.optional("principal")
        mine = not self.governance.may(call.user, securable)
        found: dict[str, list[dict[str, str]]] = {}
        for level in reversed(securable.lineage):
            inherited = {
                "inherited_from_type": level.kind.upper(),
                "inherited_from_name": level.name,
            }
            for principal, privileges in self.governance.grants(level).items():
                if wanted in (None, principal) and (not mine or principal == call.user):
                    found.setdefault(principal, []).extend(
                        {"privilege": p, **({} if level == securable else inherited)}
                        for p in privileges
                    )
        return {
            "privilege_assignments": [
                {"principal": principal, "privileges": privileges}
                for principal, privileges in found.items()
            ]
        }

    def list_effective_grants(self, call: Call) -> dict[str, Any]:
        answer = self.get_effective_grants(call)
        return {"effective_privilege_assignments": answer["privilege_assignments"]}

    def update_grants(self, call: Call) -> dict[str, Any]:
        securable = self._granted(call)
        self.governance.require(call.user, securable)
        for item in call.items("changes"):
            change = Call(call.user, item)
            self.governance.change_grants(
                securable,
                change.text("principal"),
                _texts(item.get("add")),
                _texts(item.get("remove")),
            )
        return self.get_grants(call)


def _texts(value: Any) -> list[str]:
    if value is not None and not (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    ):
        raise ApiError(
            "INVALID_PARAMETER_VALUE", f"Invalid value {value!r}: expected a list of privileges."
        )
    return value or []


def _columns(table: UnityTable, partition_columns: list[str]) -> list[dict[str, Any]]:
    columns = []
    for position, field in enumerate(table.fields):
        kind = field["type"] if isinstance(field["type"], str) else field["type"]["type"]
        type_name = kind.partition("(")[0].upper()
        column = {
            "name": field["name"],
            "position": position,
            "nullable": field["nullable"],
            "type_text": sql_type(field["type"]),
            "type_json": json.dumps(field),
            "type_name": _TYPE_NAMES.get(type_name, type_name),
            "comment": (field.get("metadata") or {}).get("comment"),
        }
        if decimal := _DECIMAL.fullmatch(kind):
            column |= {"type_precision": int(decimal[1]), "type_scale": int(decimal[2])}
        if field["name"] in partition_columns:
            column["partition_index"] = partition_columns.index(field["name"])
        columns.append({key: value for key, value in column.items() if value is not None})
    return columns


def _primary_key(table: UnityTable) -> dict[str, Any] | None:
    key = table.primary_key
    if not key:
        return None
    constraint: dict[str, Any] = {"name": key.name, "child_columns": list(key.columns)}
    if key.timeseries_column:
        constraint["timeseries_columns"] = [key.timeseries_column]
    return constraint
