"""Unity Catalog as one of its users changes it: each rule once, for SQL, for REST and for the clients.

A rule is: the object exists, or does not exist yet; its name is valid; the user has the privilege; and the error
condition where that is not so. What is dropped takes its tables, functions, models, owners, grants, comments and tags
with it, so that an object of the same name made later begins without them.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    ApiError,
    InsufficientPermissionsError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.privileges import parse_privilege
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.tags import merge_tags
from lakelab.local.catalog.views import Views

if TYPE_CHECKING:
    from lakelab.local.catalog.model_registry import ModelRegistry

_NOT_FOUND = {
    "catalog": conditions.NO_SUCH_CATALOG_EXCEPTION,
    "schema": conditions.SCHEMA_NOT_FOUND,
    "table": conditions.TABLE_OR_VIEW_NOT_FOUND,
    "function": conditions.ROUTINE_NOT_FOUND,
}


@dataclass(frozen=True)
class CatalogService:
    """The changes that a user makes to catalogs, schemas, tables, functions and models.

    Parameters
    ----------
    unity : UnityCatalog
        Catalogs, schemas, tables and functions.
    governance : Governance
        Owners, comments, tags and grants.
    user : str
        The user who makes the changes.
    open_registry : callable
        Returns the registered models, or None if there are none.
    """

    unity: UnityCatalog
    governance: Governance
    user: str
    open_registry: Callable[[], ModelRegistry | None] = lambda: None

    # ---- what exists, and what the user may do ---------------------------------------------------
    def exists(self, securable: Securable) -> bool:
        """Return whether a securable exists; a registered model is a function."""
        parts = securable.name.split(".")
        if securable.kind == "catalog":
            return parts[0] in self.unity.catalogs()
        if securable.kind == "schema":
            return parts[1] in self.unity.schemas(parts[0])
        name = TableName(*parts)
        if securable.kind == "table":
            return self.unity.exists(name) or self.unity.is_view(name)
        return Functions(self.unity).exists(name) or self.has_model(name)

    def has_model(self, name: TableName) -> bool:
        """Return whether a model of a name is registered."""
        registry = self.open_registry()
        try:
            return registry is not None and bool(registry.model(str(name)))
        except ApiError as error:
            # a function may have a name that no model can have
            if error.code in (
                conditions.RESOURCE_DOES_NOT_EXIST,
                conditions.INVALID_PARAMETER_VALUE,
            ):
                return False
            raise

    def require(self, securable: Securable) -> None:
        """Check that a securable exists, and its catalog and schema.

        Raises
        ------
        NotFoundError
            With the first level that is missing.
        """
        for level in securable.lineage:
            if not self.exists(level):
                raise not_found(level)

    def authorize(self, securable: Securable, *one_of: str) -> None:
        """Check that the user has one of the privileges; the owner has all, and hive_metastore needs none.

        Raises
        ------
        InsufficientPermissionsError
            With the first missing privilege.
        """
        if securable.name.partition(".")[0] != HIVE_METASTORE:
            self.governance.require(self.user, securable, *one_of)

    def owned(self, securable: Securable) -> Securable:
        """Return a securable that exists, and that the user may change.

        Raises
        ------
        UnityCatalogError
            If it does not exist, or the user may not change it.
        """
        self.require(securable)
        self.authorize(securable)
        return securable

    # ---- catalogs --------------------------------------------------------------------------------
    def create_catalog(
        self, name: str, comment: str | None = None, *, if_not_exists: bool = False
    ) -> bool:
        """Create a catalog with a schema ``default``, which the user owns; return whether it is new.

        Raises
        ------
        UnityCatalogError
            If the name is not valid or taken, or the user is not the administrator.
        """
        catalog = Securable("catalog", name)
        if self.exists(catalog):
            if if_not_exists:
                return False
            raise AlreadyExistsError(
                f"Catalog '{name}' already exists. Choose another name, or add IF NOT EXISTS.",
                condition=conditions.CATALOG_ALREADY_EXISTS,
            )
        if self.user != self.governance.admin:
            raise InsufficientPermissionsError(
                "User does not have CREATE CATALOG on Metastore 'local'."
            )
        self.unity.create_catalog(name)
        self._own(catalog, comment)
        self.create_schema(name, "default", if_not_exists=True)
        return True

    def drop_catalog(self, name: str, *, cascade: bool) -> None:
        """Drop a catalog with all that is in it.

        Raises
        ------
        UnityCatalogError
            If it does not exist, the user does not own it, or it has more than an empty ``default``
            and ``cascade`` is not set.
        """
        catalog = self.owned(Securable("catalog", name))
        used = [s for s in self.unity.schemas(name) if s != "default" or self._contents(name, s)]
        if used and not cascade:
            raise UnityCatalogError(
                f"{catalog} is not empty. The catalog has {len(used)} schema(s): {', '.join(used)}. Use "
                f"DROP CATALOG ... CASCADE, or force, to drop the catalog and all its objects.",
                condition=conditions.CATALOG_NOT_EMPTY,
            )
        for schema in self.unity.schemas(name):
            self.drop_schema(name, schema, cascade=True)
        self.unity.drop_catalog(name)
        self.governance.remove(catalog)

    # ---- schemas ---------------------------------------------------------------------------------
    def create_schema(
        self, catalog: str, name: str, comment: str | None = None, *, if_not_exists: bool = False
    ) -> bool:
        """Create a schema, which the user owns; return whether it is new.

        Raises
        ------
        UnityCatalogError
            If the catalog does not exist, the name is not valid or taken, or the user lacks CREATE SCHEMA.
        """
        parent, schema = Securable("catalog", catalog), Securable("schema", f"{catalog}.{name}")
        self.require(parent)
        if not self.governance.owns(self.user, parent):
            self.authorize(parent, "CREATE_SCHEMA")
            # for a catalog, `authorize` does not check USE CATALOG on the catalog itself
            self.authorize(parent, "USE_CATALOG")
        if self.exists(schema):
            if if_not_exists:
                return False
            raise AlreadyExistsError(
                f"Cannot create schema `{name}` because it already exists. Choose a different name, drop "
                f"or replace the existing object, or add the IF NOT EXISTS clause to tolerate the "
                f"pre-existing schema.",
                condition=conditions.SCHEMA_ALREADY_EXISTS,
            )
        self.unity.create_schema(catalog, name)
        self._own(schema, comment)
        return True

    def drop_schema(self, catalog: str, name: str, *, cascade: bool) -> None:
        """Drop a schema with all that is in it.

        Raises
        ------
        UnityCatalogError
            If it does not exist, the user does not own it, or it is not empty and ``cascade`` is not set.
        """
        schema = self.owned(Securable("schema", f"{catalog}.{name}"))
        contents = self._contents(catalog, name)
        if contents and not cascade:
            raise UnityCatalogError(
                f"Cannot drop a schema `{name}` because it contains objects: {', '.join(contents)}. Use "
                f"DROP SCHEMA ... CASCADE, or force, to drop the schema and all its objects.",
                condition=conditions.SCHEMA_NOT_EMPTY,
            )
        registry = self.open_registry() if catalog != HIVE_METASTORE else None
        for model in self.models(catalog, name):
            assert registry is not None
            registry.delete_model(model)
        self.unity.drop_schema(catalog, name)
        self.governance.remove(schema)

    def models(self, catalog: str, schema: str) -> list[str]:
        """List the registered models of a schema, by their full names."""
        registry = self.open_registry() if catalog != HIVE_METASTORE else None
        names = (model.name for model in registry.models()) if registry else ()
        return [name for name in names if name.startswith(f"{catalog}.{schema}.")]

    def _contents(self, catalog: str, schema: str) -> list[str]:
        """Return how many objects of each kind a schema has; an empty list if it has none."""
        counts = {
            "table": len(self.unity.tables(catalog, schema)),
            "view": len(self.unity.views(catalog, schema)),
            "function": len(Functions(self.unity).names(catalog, schema)),
            "model": len(self.models(catalog, schema)),
        }
        return [f"{count} {kind}(s)" for kind, count in counts.items() if count]

    # ---- tables and functions --------------------------------------------------------------------
    def drop_table(self, name: TableName) -> None:
        """Drop a table or a view, with its owner and grants.

        Raises
        ------
        UnityCatalogError
            If it does not exist, or the user does not own it.
        """
        table = Securable("table", str(name))
        if not self.unity.is_view(name):
            self.unity.require_table(name)  # its message lists the existing tables
        self.authorize(table)
        if self.unity.is_view(name):
            Views(self.unity).drop(name)
        else:
            self.unity.drop_table(name)
        self.governance.remove(table)

    def rename_table(self, name: TableName, new: TableName) -> None:
        """Rename a table, with its owner and grants.

        Raises
        ------
        UnityCatalogError
            If it does not exist, the user does not own it, or the new name is taken.
        """
        self.unity.require_table(name)
        self.authorize(Securable("table", str(name)))
        self.unity.rename_table(name, new)
        self.governance.rename(Securable("table", str(name)), Securable("table", str(new)))

    def drop_function(self, name: TableName) -> None:
        """Drop a function, with its owner and grants.

        Raises
        ------
        UnityCatalogError
            If it does not exist, or the user does not own it.
        """
        functions, function = Functions(self.unity), Securable("function", str(name))
        if functions.exists(name):
            self.authorize(function)
        functions.drop(name)  # its message lists the existing functions
        self.governance.remove(function)

    # ---- owners, comments, tags and grants ---------------------------------------------------------
    def update(
        self, securable: Securable, *, owner: str | None = None, comment: str | None = None
    ) -> None:
        """Change owner or comment; None keeps the old value, and an empty comment removes the comment.

        Raises
        ------
        UnityCatalogError
            If the securable does not exist, or the user does not own it.
        """
        self.governance.update(self.owned(securable), owner=owner, comment=comment)

    def set_tags(self, securable: Securable, tags: Mapping[str, str]) -> None:
        """Set tags of a catalog or schema; those of a table are set by its own object.

        Raises
        ------
        UnityCatalogError
            If the securable does not exist, the user lacks APPLY TAG, or a tag is not valid.
        """
        self.require(securable)
        self.authorize(securable, "APPLY_TAG")
        self.governance.change_tags(securable, lambda old: merge_tags(old, tags))

    def unset_tags(self, securable: Securable, keys: Iterable[str]) -> None:
        """Remove tags of a catalog or schema; a key that it lacks is ignored.

        Raises
        ------
        UnityCatalogError
            If the securable does not exist, or the user lacks APPLY TAG.
        """
        self.require(securable)
        self.authorize(securable, "APPLY_TAG")
        gone = set(keys)
        self.governance.change_tags(
            securable, lambda old: {k: v for k, v in old.items() if k not in gone}
        )

    def change_grants(
        self,
        securable: Securable,
        principal: str,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        """Grant and revoke privileges; ``ALL_PRIVILEGES`` also revokes those that were granted one by one.

        Raises
        ------
        UnityCatalogError
            If the securable does not exist, the user may not grant on it, or it cannot have a privilege.
        """
        self.owned(securable)
        added = [parse_privilege(name, securable) for name in add]
        removed = [parse_privilege(name, securable) for name in remove]
        if "ALL_PRIVILEGES" in removed:
            granted = self.governance.grants(securable).get(principal, [])
            removed += [p for p in granted if p != "MANAGE" and p not in added]
        self.governance.change_grants(securable, principal, added, removed)

    def _own(self, new: Securable, comment: str | None) -> None:
        """Store owner and comment, without anything that an earlier object of the name left behind."""
        self.governance.remove(new)
        self.governance.update(new, owner=self.user, comment=comment)


def not_found(securable: Securable) -> NotFoundError:
    """Return the error for a securable that does not exist.

    Examples
    --------
    >>> error = not_found(Securable("schema", "main.x"))
    >>> str(error), error.condition, error.rest_code
    ("Schema 'main.x' does not exist.", 'SCHEMA_NOT_FOUND', 'RESOURCE_DOES_NOT_EXIST')
    """
    return NotFoundError(f"{securable} does not exist.", condition=_NOT_FOUND[securable.kind])
