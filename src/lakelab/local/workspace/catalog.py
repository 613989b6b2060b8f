"""REST calls about catalogs and schemas, as ``databricks.sdk`` makes them.

Follows https://docs.databricks.com/api/workspace/catalogs and /schemas
"""

from __future__ import annotations

import uuid
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.names import split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint
from lakelab.local.workspace.securables import Securables, parse_securable


class CatalogApi:
    """The calls about catalogs and schemas.

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
        ]

    def get_metastore(self, call: Call) -> dict[str, Any]:
        """Return the metastore's id, the same for all workspaces on this warehouse."""
        warehouse = self._unity.warehouse.as_uri()
        return {"metastore_id": str(uuid.uuid5(uuid.NAMESPACE_URL, warehouse))}

    # ---- catalogs ----------------------------------------------------------------------------
    def list_catalogs(self, call: Call) -> dict[str, Any]:
        catalogs = [Securable("catalog", name) for name in self._unity.catalogs()]
        return {"catalogs": self._visible(call, catalogs)}

    def get_catalog(self, call: Call) -> dict[str, Any]:
        return self._get(call, "catalog", "USE_CATALOG")

    def create_catalog(self, call: Call) -> dict[str, Any]:
        catalog = parse_securable(call, "catalog")
        self._securables.service(call).create_catalog(catalog.name, call.optional("comment"))
        return self._securables.common_fields(catalog)

    def update_catalog(self, call: Call) -> dict[str, Any]:
        return self._update(call, "catalog")

    def delete_catalog(self, call: Call) -> None:
        catalog = parse_securable(call, "catalog").name
        self._securables.service(call).drop_catalog(catalog, cascade=call.flag("force"))

    # ---- schemas -----------------------------------------------------------------------------
    def list_schemas(self, call: Call) -> dict[str, Any]:
        (catalog,) = split_name(call.text("catalog_name"), 1, "Catalog")
        self._securables.require(Securable("catalog", catalog))
        names = self._unity.schemas(catalog)
        schemas = [Securable("schema", f"{catalog}.{name}") for name in names]
        return {"schemas": self._visible(call, schemas)}

    def get_schema(self, call: Call) -> dict[str, Any]:
        return self._get(call, "schema", "USE_SCHEMA")

    def create_schema(self, call: Call) -> dict[str, Any]:
        name = f"{call.text('catalog_name')}.{call.text('name')}"
        catalog, schema = split_name(name, 2, "Schema")
        self._securables.service(call).create_schema(catalog, schema, call.optional("comment"))
        return self._securables.common_fields(Securable("schema", f"{catalog}.{schema}"))

    def update_schema(self, call: Call) -> dict[str, Any]:
        return self._update(call, "schema")

    def delete_schema(self, call: Call) -> None:
        catalog, schema = parse_securable(call, "schema").name.split(".")
        self._securables.service(call).drop_schema(catalog, schema, cascade=call.flag("force"))

    # ---- catalogs and schemas alike ----------------------------------------------------------
    def _visible(self, call: Call, securables: list[Securable]) -> list[dict[str, Any]]:
        visible = self._securables.visible(call, securables)
        return [self._securables.common_fields(securable) for securable in visible]

    def _get(self, call: Call, kind: str, privilege: str) -> dict[str, Any]:
        securable = parse_securable(call, kind)
        self._securables.require(securable)
        if not self._governance.is_visible(call.user, securable):
            self._governance.require(call.user, securable, privilege)
        return self._securables.common_fields(securable)

    def _update(self, call: Call, kind: str) -> dict[str, Any]:
        """Change comment and owner. The name stays, because folders keep their names."""
        service = self._securables.service(call)
        securable = service.owned(parse_securable(call, kind))
        if call.optional("new_name") not in (None, "", securable.name.rpartition(".")[2]):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"{securable} keeps its name on a laptop; in a workspace it can be renamed.",
            )
        service.update(securable, owner=call.optional("owner"), comment=call.optional("comment"))
        return self._securables.common_fields(securable)
