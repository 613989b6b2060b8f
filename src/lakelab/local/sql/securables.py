"""What a statement names, as Unity Catalog governs it: a catalog, schema, table, function or model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lakelab.local.catalog import governed_catalogs
from lakelab.local.catalog.errors import ApiError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.text import split_name

if TYPE_CHECKING:
    from lakelab.local.catalog.models import Registry
    from lakelab.local.sql.session import Session

_KINDS = {
    "CATALOG": "catalog",
    "SCHEMA": "schema",
    "DATABASE": "schema",
    "TABLE": "table",
    "FUNCTION": "function",
    "MODEL": "function",
}


def resolve_securable(session: Session, kind: str, name: str) -> Securable:
    """Give what a statement names, by its full name; it is there.

    Parameters
    ----------
    session : Session
        Its current catalog and schema complete the name.
    kind : str
        ``CATALOG``, ``SCHEMA``, ``DATABASE``, ``TABLE``, ``FUNCTION`` or ``MODEL``; a registered model
        is a function of Unity Catalog.
    name : str
        The name as it stands in the statement.

    Raises
    ------
    NotFoundError
        If there is no such thing, or the user may not know of it.
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
        full = session.resolve(name)
        securable = Securable(_KINDS[kind], str(full))
        if kind == "TABLE":
            session.unity.require_table(full)
        else:
            session.unity.require_schema(full.catalog, full.schema)
            if not Functions(session.unity).exists(full) and not has_model(session, full):
                raise _unknown(securable)
    if not is_visible(session, securable):
        raise _unknown(securable)
    return securable


def parse_catalog_name(name: str) -> str:
    """Read the name of a catalog, in backticks, in quotes or plain.

    Examples
    --------
    >>> parse_catalog_name("`Main`"), parse_catalog_name("'dev'")
    ('main', 'dev')
    """
    told = [name.strip("'\"")] if name[:1] in "'\"" else split_name(name)
    if len(told) != 1:
        raise UnityCatalogError(
            f"'{name}' is not the name of a catalog: a catalog has one level.",
            condition="REQUIRES_SINGLE_PART_NAMESPACE",
            sql_state="42K05",
        )
    return told[0].lower()


def resolve_schema(session: Session, name: str) -> tuple[str, str]:
    """Complete the name of a schema with the current catalog."""
    told = [level.lower() for level in split_name(name)]
    if not 1 <= len(told) <= 2:
        raise UnityCatalogError(
            f"'{name}' is not the name of a schema: give catalog.schema or schema.",
            condition="REQUIRES_SINGLE_PART_NAMESPACE",
            sql_state="42K05",
        )
    return told[0] if len(told) == 2 else session.catalog.currentCatalog(), told[-1]


def is_visible(session: Session, securable: Securable) -> bool:
    """Say whether the session's user may know of it: a privilege on it, or on something in it, tells."""
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        return True  # it has no grants of Unity Catalog
    return session.unity.governance.is_visible(session.user, securable)


def require_privilege(session: Session, securable: Securable, *one_of: str) -> None:
    """Refuse the session's user who lacks all of the privileges; the owner lacks none.

    Raises
    ------
    InsufficientPermissionsError
    """
    governed_catalogs.require_privilege(session.unity.governance, session.user, securable, *one_of)


def refresh_schema(session: Session, name: TableName) -> None:
    """Let the engine read the schema of a table once more, unless the user may not read it."""
    if not isinstance(session.unity, GovernedCatalogs) or session.unity.may_read(name):
        session.refresh_schema(name)


def has_model(session: Session, name: TableName) -> bool:
    """Say whether a model of that name is registered in Unity Catalog."""
    registry = _registry(session)
    try:
        return registry is not None and bool(registry.model(str(name)))
    except ApiError as error:
        if error.code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise


def list_models(session: Session, catalog: str, schema: str) -> list[Securable]:
    """Name the registered models of a schema."""
    registry = _registry(session) if catalog != HIVE_METASTORE else None
    names = (model.name for model in registry.models()) if registry else ()
    return [
        Securable("function", name) for name in names if name.startswith(f"{catalog}.{schema}.")
    ]


def drop_models(session: Session, models: list[Securable]) -> None:
    """Remove registered models with their versions, files and grants."""
    registry = _registry(session)
    for model in models if registry else ():
        assert registry is not None
        registry.delete_model(model.name)
        session.unity.governance.remove(model)


def _registry(session: Session) -> Registry | None:
    """Open the registry of the local workspace; None where nothing was ever registered."""
    from lakelab.local.system.home import tracking_uri

    uri = tracking_uri(session.home)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():
        return None
    from lakelab.local.catalog.model_files import ModelFiles
    from lakelab.local.catalog.models import Registry

    models = session.home.workspace_state
    return Registry(uri, ModelFiles(models / "models"), models / "registry.lock")


def _unknown(securable: Securable) -> NotFoundError:
    condition, state = {
        "catalog": ("NO_SUCH_CATALOG_EXCEPTION", "42704"),
        "schema": ("SCHEMA_NOT_FOUND", "42704"),
        "table": ("TABLE_OR_VIEW_NOT_FOUND", "42P01"),
        "function": ("ROUTINE_NOT_FOUND", "42883"),
    }[securable.kind]
    return NotFoundError(f"{securable} does not exist.", condition=condition, sql_state=state)
