"""``CREATE`` and ``DROP`` of catalogs and schemas: privileges, owners and contents, for SQL and for REST alike.

What is dropped takes its tables, functions, models, owners, grants, comments and tags with it, so that an object of
the same name made later begins without them.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.model_registry import ModelRegistry
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.store import UnityCatalog


def require_create_schema(governance: Governance, user: str, catalog: Securable) -> None:
    """Check that a user may create a schema in a catalog.

    Raises
    ------
    ApiError
        ``PERMISSION_DENIED``, with the missing privilege.
    """
    if governance.owns(user, catalog) or catalog.name == HIVE_METASTORE:
        return
    governance.require(user, catalog, "CREATE_SCHEMA")
    # for a catalog, `require` does not check USE CATALOG on the catalog itself
    governance.require(user, catalog, "USE_CATALOG")


def create_catalog(
    unity: UnityCatalog,
    governance: Governance,
    user: str,
    name: str,
    comment: str | None = None,
) -> None:
    """Create a catalog, which the user owns.

    Raises
    ------
    ApiError
        ``PERMISSION_DENIED`` for others than the administrator.
    UnityCatalogError
        If the name is not valid.
    """
    if user != governance.admin:
        raise ApiError(
            conditions.PERMISSION_DENIED, "User does not have CREATE CATALOG on Metastore 'local'."
        )
    unity.create_catalog(name)
    _own(governance, user, Securable("catalog", name), comment)


def create_schema(
    unity: UnityCatalog,
    governance: Governance,
    user: str,
    catalog: str,
    schema: str,
    comment: str | None = None,
) -> None:
    """Create a schema, which the user owns.

    Raises
    ------
    ApiError
        ``PERMISSION_DENIED`` if the user lacks CREATE SCHEMA on the catalog.
    UnityCatalogError
        If the name is not valid.
    """
    require_create_schema(governance, user, Securable("catalog", catalog))
    unity.create_schema(catalog, schema)
    _own(governance, user, Securable("schema", f"{catalog}.{schema}"), comment)


def drop_schema(
    unity: UnityCatalog,
    governance: Governance,
    registry: ModelRegistry | None,
    user: str,
    schema: Securable,
) -> None:
    """Drop a schema with all that is in it.

    Parameters
    ----------
    unity : UnityCatalog
    governance : Governance
    registry : ModelRegistry or None
        The registered models; None if there are none.
    user : str
    schema : Securable

    Raises
    ------
    ApiError
        ``PERMISSION_DENIED`` if the user does not own it.
    NotFoundError
        If another process dropped it meanwhile.
    """
    catalog, name = schema.name.split(".")
    if catalog != HIVE_METASTORE:
        governance.require(user, schema)
        if registry is not None:
            _delete_models(registry, schema)
    unity.drop_schema(catalog, name)
    governance.remove(schema)


def drop_catalog(
    unity: UnityCatalog,
    governance: Governance,
    registry: ModelRegistry | None,
    user: str,
    catalog: Securable,
) -> None:
    """Drop a catalog with all that is in it.

    Parameters
    ----------
    unity, governance, registry, user
        As for `drop_schema`.
    catalog : Securable

    Raises
    ------
    ApiError
        ``PERMISSION_DENIED`` if the user does not own it.
    """
    governance.require(user, catalog)
    for schema in unity.schemas(catalog.name):
        drop_schema(
            unity, governance, registry, user, Securable("schema", f"{catalog.name}.{schema}")
        )
    unity.drop_catalog(catalog.name)
    governance.remove(catalog)


def _delete_models(registry: ModelRegistry, schema: Securable) -> None:
    for model in registry.models():
        if model.name.startswith(f"{schema.name}."):
            registry.delete_model(model.name)


def _own(governance: Governance, user: str, new: Securable, comment: str | None) -> None:
    """Store owner and comment, without anything that an earlier object of the name left behind."""
    governance.remove(new)
    governance.update(new, owner=user, comment=comment)
