"""MLflow's own client of Unity Catalog, kept from deleting models that lie on this machine.

To register a version, the client downloads the model, uploads it, and deletes its download. A model
in a local folder is not downloaded: there the "download" is the logged model itself, and
``client.create_model_version(name, "models:/m-...")`` deletes it, whether or not it succeeds (seen in
3.0.1 to 3.17.2). In a workspace this cannot happen: models are in cloud storage.

MLflow finds :func:`unity_catalog_store` as a plugin, by the entry point ``databricks-uc`` of the group
``mlflow.model_registry_store`` in ``pyproject.toml``, wherever this package is installed. It imports
nothing else of the package.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any


def unity_catalog_store(store_uri: str, tracking_uri: str) -> Any:
    """Make the client's registry store for the URI ``databricks-uc``.

    Parameters
    ----------
    store_uri, tracking_uri : str
        What MLflow gives: the registry's URI and the tracking store's.

    Returns
    -------
    UcModelRegistryStore
        On Databricks, MLflow's own as it is; elsewhere one that uploads copies.

    Examples
    --------
    >>> from mlflow.store._unity_catalog.registry.rest_store import UcModelRegistryStore
    >>> isinstance(unity_catalog_store("databricks-uc", "sqlite:///:memory:"), UcModelRegistryStore)
    True
    """
    own = _mlflows_own()
    on_databricks = "DATABRICKS_RUNTIME_VERSION" in os.environ
    return (own if on_databricks else _careful(own))(store_uri, tracking_uri)


def _mlflows_own() -> Any:
    # Imported late: MLflow loads its plugins while it is being imported itself
    try:
        from mlflow.store._unity_catalog.registry.utils import get_uc_model_registry_store_class
    except ImportError:  # an older MLflow, which has one store only
        from mlflow.store._unity_catalog.registry.rest_store import UcModelRegistryStore

        return UcModelRegistryStore
    return get_uc_model_registry_store_class()


@cache
def _careful(own: Any) -> Any:
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    class Careful(own):
        @contextmanager
        def _local_model_dir(self, source: str, local_model_path: str | None) -> Iterator[str]:
            """Give a model's files; what MLflow deletes afterwards is a copy."""
            with TemporaryDirectory() as copies:
                if local_model_path is None and not os.path.exists(source):
                    # What cannot be had is left to MLflow, which tries again and says so
                    with suppress(MlflowException):
                        local_model_path = download_artifacts(
                            artifact_uri=source, tracking_uri=self.tracking_uri, dst_path=copies
                        )
                with super()._local_model_dir(source, local_model_path) as folder:
                    yield folder

    Careful.__name__ = own.__name__  # it is in error messages
    return Careful
