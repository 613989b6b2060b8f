"""MLflow's own client of Unity Catalog, changed so that it does not delete models on this machine.

To register a version, the client downloads the model, uploads it, and deletes the download. A model in a
local folder is not downloaded: the "download" is the logged model itself. So
``client.create_model_version(name, "models:/m-...")`` deletes the logged model, even if the call fails
(in MLflow 3.0.1 to 3.17.2). In a workspace this cannot happen, since models are in cloud storage.

MLflow finds :func:`unity_catalog_store` as a plugin, by the entry point ``databricks-uc`` of the group
``mlflow.model_registry_store`` in ``pyproject.toml``, if this package is installed. The module imports
no other module of the package, since MLflow loads it while MLflow itself is imported.

Tested in ``tests/local/workspace/test_mlflow_plugin.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any


def unity_catalog_store(store_uri: str, tracking_uri: str) -> Any:
    """Create the client's registry store for the URI ``databricks-uc``.

    Parameters
    ----------
    store_uri, tracking_uri : str
        The URIs of the registry and of the tracking store, as MLflow passes them.

    Returns
    -------
    UcModelRegistryStore
        On Databricks, MLflow's own store; elsewhere a subclass that uploads copies.

    Examples
    --------
    >>> from mlflow.store._unity_catalog.registry.rest_store import UcModelRegistryStore
    >>> isinstance(unity_catalog_store("databricks-uc", "sqlite:///:memory:"), UcModelRegistryStore)
    True
    """
    own = official_store()
    on_databricks = "DATABRICKS_RUNTIME_VERSION" in os.environ
    return (own if on_databricks else copying_store(own))(store_uri, tracking_uri)


def official_store() -> Any:
    """Return the class of MLflow's own store."""
    # imported here because MLflow loads its plugins while it is imported itself
    try:
        from mlflow.store._unity_catalog.registry.utils import get_uc_model_registry_store_class
    except ImportError:  # an older MLflow, which has one store only
        from mlflow.store._unity_catalog.registry.rest_store import UcModelRegistryStore

        return UcModelRegistryStore
    return get_uc_model_registry_store_class()


@cache
def copying_store(own: Any) -> Any:
    """Return a subclass of MLflow's own store that uploads copies of local models."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    class CopyingStore(own):
        @contextmanager
        def _local_model_dir(self, source: str, local_model_path: str | None) -> Iterator[str]:
            """Yield the folder of a copy of the model, which MLflow deletes afterwards."""
            with TemporaryDirectory() as copies:
                if local_model_path is None and not os.path.exists(source):
                    # after an error, MLflow tries again and raises its own error
                    with suppress(MlflowException):
                        local_model_path = download_artifacts(
                            artifact_uri=source, tracking_uri=self.tracking_uri, dst_path=copies
                        )
                with super()._local_model_dir(source, local_model_path) as folder:
                    yield folder

    CopyingStore.__name__ = own.__name__  # error messages contain the name
    return CopyingStore
