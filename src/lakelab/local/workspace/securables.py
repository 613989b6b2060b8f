"""The securables that REST calls name: existing ones, visible ones, and those of a schema.

Tested in ``tests/local/workspace/test_catalog.py``.
"""

from __future__ import annotations

from typing import Any

from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.model_registry import ModelRegistry
from lakelab.local.catalog.names import split_name
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.service import CatalogService
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.workspace.api import Call, without_none

LEVELS = {"catalog": 1, "schema": 2, "table": 3, "function": 3}
"""Kind of securable -> number of levels of its name."""


class Securables:
    """Catalogs, schemas, tables, functions and models, with their owners, comments and grants.

    Parameters
    ----------
    unity : UnityCatalog
        Catalogs, schemas, tables and functions.
    governance : Governance
        Owners, comments and grants.
    registry : ModelRegistry
        The registered models. A model has grants, and is deleted together with its schema.
    """

    def __init__(self, unity: UnityCatalog, governance: Governance, registry: ModelRegistry):
        self.unity = unity
        self.functions = Functions(unity)
        self.governance = governance
        self.registry = registry

    def service(self, call: Call) -> CatalogService:
        """Return the service by which the caller changes Unity Catalog."""
        return self._service(call.user)

    def _service(self, user: str) -> CatalogService:
        return CatalogService(self.unity, self.governance, user, lambda: self.registry)

    def exists(self, securable: Securable) -> bool:
        """Return whether a securable exists."""
        return self._service(self.governance.admin).exists(securable)

    def require(self, securable: Securable) -> None:
        """Check that a securable exists, and its catalog and schema.

        Raises
        ------
        NotFoundError
            With the first level that is missing.
        """
        self._service(self.governance.admin).require(securable)

    def visible(self, call: Call, securables: list[Securable]) -> list[Securable]:
        """Return the securables that a list shows to the caller."""
        return [s for s in securables if self.governance.is_visible(call.user, s)]

    def common_fields(self, securable: Securable) -> dict[str, Any]:
        """Return the fields of an answer that catalogs, schemas and tables have in common."""
        *parents, name = securable.name.split(".")
        return without_none(
            name=name,
            full_name=securable.name,
            owner=self.governance.owner(securable),
            comment=self.governance.comment(securable),
            catalog_type="MANAGED_CATALOG" if securable.kind in ("catalog", "schema") else None,
            **dict(zip(("catalog_name", "schema_name"), parents, strict=False)),
        )

    # ---- contents of a schema ----------------------------------------------------------------
    def tables_of(self, schema: Securable) -> list[Securable]:
        """Return the tables and views of a schema."""
        levels = schema.name.split(".")
        names = sorted([*self.unity.tables(*levels), *self.unity.views(*levels)])
        return [Securable("table", str(name)) for name in names]

    def functions_of(self, schema: Securable) -> list[Securable]:
        names = self.functions.names(*schema.name.split("."))
        return [Securable("function", str(name)) for name in names]

    def models_of(self, schema: Securable) -> list[Securable]:
        names = (model.name for model in self.registry.models())
        return [Securable("function", n) for n in names if n.startswith(f"{schema.name}.")]


def parse_securable(call: Call, kind: str) -> Securable:
    """Return the securable that the parameter ``name`` of a call names.

    Raises
    ------
    UnityCatalogError
        If the name is not valid, or has another number of levels.

    Examples
    --------
    >>> parse_securable(Call("ana@example.com", {"name": "MAIN.flights"}), "schema").name
    'main.flights'
    """
    levels = split_name(call.text("name"), LEVELS[kind], kind.capitalize())
    return Securable(kind, ".".join(levels))


def parse_schema(call: Call) -> Securable:
    """Return the schema that the parameters ``catalog_name`` and ``schema_name`` of a call name."""
    name = f"{call.text('catalog_name')}.{call.text('schema_name')}"
    return Securable("schema", ".".join(split_name(name, 2, "Schema")))
