"""Privileges of Unity Catalog, and the kinds of securables that each can be granted on.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.securable import Securable

PRIVILEGES = frozenset(
    {
        "ALL_PRIVILEGES",
        "APPLY_TAG",
        "BROWSE",
        "CREATE_FUNCTION",
        "CREATE_MODEL",
        "CREATE_MODEL_VERSION",
        "CREATE_SCHEMA",
        "CREATE_TABLE",
        "CREATE_VIEW",
        "CREATE_VOLUME",
        "EXECUTE",
        "EXTERNAL_USE_SCHEMA",
        "MANAGE",
        "MODIFY",
        "READ_VOLUME",
        "REFRESH",
        "SELECT",
        "USE_CATALOG",
        "USE_SCHEMA",
        "WRITE_VOLUME",
    }
)
"""The privileges on catalogs, schemas, tables and models."""

_ON_SCHEMAS = PRIVILEGES - {"CREATE_SCHEMA", "USE_CATALOG"}
_APPLICABLE = {
    "catalog": PRIVILEGES,
    "schema": _ON_SCHEMAS,
    "table": frozenset({"ALL_PRIVILEGES", "APPLY_TAG", "BROWSE", "MANAGE", "MODIFY", "SELECT"}),
    "function": frozenset(
        {"ALL_PRIVILEGES", "APPLY_TAG", "BROWSE", "CREATE_MODEL_VERSION", "EXECUTE", "MANAGE"}
    ),
}
"""The privileges that can be granted on each kind of securable; its content inherits those of a container."""


def parse_privilege(name: str, securable: Securable) -> str:
    """Parse a privilege such as ``use schema``, and check that the securable can have it.

    Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges

    Raises
    ------
    UnityCatalogError
        If Unity Catalog has no such privilege for the securable, or a laptop does not support it.

    Examples
    --------
    >>> parse_privilege("use schema", Securable("catalog", "main"))
    'USE_SCHEMA'
    >>> parse_privilege("EXECUTE", Securable("table", "main.flights.weather"))
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.UnityCatalogError: Privilege EXECUTE is not applicable to this entity \
[Table 'main.flights.weather']. Possible are: ALL_PRIVILEGES, APPLY_TAG, BROWSE, MANAGE, MODIFY, SELECT.
    """
    privilege = "_".join(str(name).upper().replace("_", " ").split())
    privilege = "ALL_PRIVILEGES" if privilege == "ALL" else privilege
    if privilege not in _APPLICABLE[securable.kind]:
        raise UnityCatalogError(
            f"Privilege {privilege} is not applicable to this entity [{securable}]. Possible are: "
            f"{', '.join(sorted(_APPLICABLE[securable.kind]))}.",
            condition=conditions.INVALID_PARAMETER_VALUE,
        )
    return privilege
