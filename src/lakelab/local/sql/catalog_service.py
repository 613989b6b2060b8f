"""Unity Catalog's service for the user of a session, and the registry of models that it needs.

Tested in ``tests/local/workspace/test_same_rules.py``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lakelab.local.catalog.service import CatalogService
from lakelab.local.system.home import tracking_uri

if TYPE_CHECKING:
    from lakelab.local.catalog.model_registry import ModelRegistry
    from lakelab.local.sql.session import Session


def catalog_service(session: Session) -> CatalogService:
    """Return the service by which a session's user changes Unity Catalog."""
    governance = session.unity.governance
    return CatalogService(session.unity, governance, session.user, partial(open_registry, session))


def open_registry(session: Session) -> ModelRegistry | None:
    """Open the registry of the local workspace; return None if nothing was ever registered."""
    uri = tracking_uri(session.home)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():
        return None
    from lakelab.local.catalog.model_files import ModelFiles
    from lakelab.local.catalog.model_registry import ModelRegistry

    models = session.home.workspace_state
    return ModelRegistry(uri, ModelFiles(models / "models"), models / "registry.lock")
