"""The registered models of a schema, as SQL statements need them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.system.home import tracking_uri

if TYPE_CHECKING:
    from lakelab.local.catalog.model_registry import ModelRegistry
    from lakelab.local.sql.session import Session


def has_model(session: Session, name: TableName) -> bool:
    """Return whether a model of that name is registered in Unity Catalog."""
    registry = open_registry(session)
    try:
        return registry is not None and bool(registry.model(str(name)))
    except ApiError as error:
        if error.code == conditions.RESOURCE_DOES_NOT_EXIST:
            return False
        raise


def list_models(session: Session, catalog: str, schema: str) -> list[Securable]:
    """List the registered models of a schema."""
    registry = open_registry(session) if catalog != HIVE_METASTORE else None
    names = (model.name for model in registry.models()) if registry else ()
    return [
        Securable("function", name) for name in names if name.startswith(f"{catalog}.{schema}.")
    ]


def open_registry(session: Session) -> ModelRegistry | None:
    """Open the registry of the local workspace; return None if nothing was ever registered."""
    uri = tracking_uri(session.home)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():
        return None
    from lakelab.local.catalog.model_files import ModelFiles
    from lakelab.local.catalog.model_registry import ModelRegistry

    models = session.home.workspace_state
    return ModelRegistry(uri, ModelFiles(models / "models"), models / "registry.lock")
