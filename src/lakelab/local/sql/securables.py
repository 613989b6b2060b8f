"""The securables that a statement names: a catalog, schema, table, function or model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions, governed_catalogs
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.service import not_found
from lakelab.local.catalog.views import Views
from lakelab.local.sql.catalog_service import catalog_service

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.grammar.parser import Name
    from lakelab.local.sql.session import Session

_KINDS = {
    "CATALOG": "catalog",
    "SCHEMA": "schema",
    "DATABASE": "schema",
    "TABLE": "table",
    "VIEW": "table",
    "FUNCTION": "function",
    "MODEL": "function",
}


def resolve_securable(session: Session, kind: str, name: Name) -> Securable:
    """Return the securable that a statement names, by its full name.

    Parameters
    ----------
    session : Session
        Its current catalog and schema complete the name.
    kind : str
        ``CATALOG``, ``SCHEMA``, ``DATABASE``, ``TABLE``, ``VIEW``, ``FUNCTION`` or ``MODEL``; a registered model
        is a function of Unity Catalog.
    name : Name
        The name in the statement.

    Raises
    ------
    NotFoundError
        If the securable does not exist, or the user may not see it.
    """
    if _KINDS[kind] == "catalog":
        securable = Securable("catalog", parse_catalog_name(name))
        session.unity.require_catalog(securable.name)
    elif _KINDS[kind] == "schema":
        catalog, schema = resolve_schema(session, name)
        securable = Securable("schema", f"{catalog}.{schema}")
        if is_visible(session, securable):
            session.unity.require_schema(catalog, schema)
    else:
        full = session.resolve(name.quoted)
        securable = Securable(_KINDS[kind], str(full))
        if kind == "VIEW":
            Views(session.unity).get(full)
        elif kind == "TABLE":
            if not session.unity.is_view(full):
                session.unity.require_table(full)
        else:
            session.unity.require_schema(full.catalog, full.schema)
            if not Functions(session.unity).exists(full) and not catalog_service(session).has_model(
                full
            ):
                raise not_found(securable)
    if not is_visible(session, securable):
        raise not_found(securable)
    return securable


def resolve_table(session: Session, table: exp.Table) -> TableName:
    """Return the full name of a table of a parsed statement."""
    return session.resolve(".".join(f"`{part.name}`" for part in table.parts))


def is_kept_view(session: Session, given: Name, name: TableName) -> bool:
    """Return whether a name is that of a view of Unity Catalog, and no temporary view precedes it."""
    if not session.unity.is_view(name):
        return False
    return len(given.levels) > 1 or given.levels[0].lower() not in session.temporary_views()


def require_relation(session: Session, name: Name) -> None:
    """Check that a name is that of a table or view, temporary views included.

    Raises
    ------
    UnityCatalogError
        If there is no such table or view, or the user may not see the table.
    """
    full = session.resolve(name.quoted)
    if session.unity.is_view(full):
        return
    if session.unity.exists(full) or not session.catalog.tableExists(name.quoted):
        session.unity.table(full)  # raises if there is none: its message lists the existing tables


def parse_catalog_name(name: Name) -> str:
    """Return the name of a catalog, in lower case.

    Raises
    ------
    UnityCatalogError
        If the name has more than one level.
    """
    if len(name.levels) != 1:
        raise UnityCatalogError(
            f"'{name.plain}' is not the name of a catalog: a catalog has one level.",
            condition=conditions.REQUIRES_SINGLE_PART_NAMESPACE,
        )
    return name.levels[0].lower()


def resolve_schema(session: Session, name: Name) -> tuple[str, str]:
    """Return the catalog and schema of a schema's name; the current catalog completes the name.

    Raises
    ------
    UnityCatalogError
        If the name has more than two levels.
    """
    levels = [level.lower() for level in name.levels]
    if not 1 <= len(levels) <= 2:
        raise UnityCatalogError(
            f"'{name.plain}' is not the name of a schema: give catalog.schema or schema.",
            condition=conditions.REQUIRES_SINGLE_PART_NAMESPACE,
        )
    catalog = levels[0] if len(levels) == 2 else session.catalog.currentCatalog()
    return catalog, levels[-1]


def is_visible(session: Session, securable: Securable) -> bool:
    """Return whether the session's user has a privilege on the securable, or on something in it."""
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        return True  # it has no grants of Unity Catalog
    return session.unity.governance.is_visible(session.user, securable)


def require_privilege(session: Session, securable: Securable, *one_of: str) -> None:
    """Raise if the session's user has none of the privileges; the owner has them all.

    Raises
    ------
    InsufficientPermissionsError
    """
    governed_catalogs.require_privilege(session.unity.governance, session.user, securable, *one_of)


def refresh_schema(session: Session, name: TableName) -> None:
    """Refresh the schema of a table in the engine, unless the user may not read the table."""
    if not isinstance(session.unity, GovernedCatalogs) or session.unity.may_read(name):
        session.refresh_schema(name)
