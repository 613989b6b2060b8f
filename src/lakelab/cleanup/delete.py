"""Delete single objects by the official clients.

Tested in ``tests/cleanup/test_run.py``.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from lakelab.lessons.created_objects import created_objects

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from lakelab.cleanup.scope import CleanupScope

Result = TypeVar("Result")


def ignore_missing(call: Callable[[], Result]) -> Result | None:
    """Call a function of a client.

    Returns
    -------
    object or None
        The function's result; None if the object does not exist.
    """
    from databricks.sdk.errors import NotFound
    from mlflow.exceptions import MlflowException

    try:
        return call()
    except NotFound:
        return None
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            return None
        raise


def delete_online_table(w: WorkspaceClient, name: str) -> None:
    """Delete an online table.

    The call is that of ``w.feature_store.delete_online_table``, which older SDKs do not have.
    """
    w.api_client.do("DELETE", f"/api/2.0/feature-store/online-tables/{name}")


def delete_online_store(w: WorkspaceClient, scope: CleanupScope, store: str) -> None:
    """Delete an online store, after the course's online tables in it."""
    for table in created_objects()["online_tables"]:
        ignore_missing(partial(delete_online_table, w, f"{scope.full_schema}.{table}"))
    w.feature_store.delete_online_store(store)


def delete_model(w: WorkspaceClient, name: str) -> None:
    """Delete a model of Unity Catalog, after its aliases and versions.

    Some registries require this order, and no registry refuses it.
    """
    model = w.registered_models.get(name, include_aliases=True)
    for alias in model.aliases or []:
        ignore_missing(partial(w.registered_models.delete_alias, name, str(alias.alias_name)))
    for version in list(w.model_versions.list(name)):
        ignore_missing(partial(w.model_versions.delete, name, int(version.version or 0)))
    w.registered_models.delete(name)


def delete_workspace_model(name: str) -> None:
    """Delete a model of the workspace registry, which refuses while a version is in use."""
    from mlflow import MlflowClient

    client = MlflowClient(registry_uri="databricks")
    for version in client.search_model_versions(f"name='{name}'"):
        if version.current_stage in ("Staging", "Production"):
            # stages are deprecated, and this registry has no other way
            with warnings.catch_warnings(action="ignore"):
                client.transition_model_version_stage(name, str(version.version), "Archived")
    client.delete_registered_model(name)


def delete_experiment(experiment_id: str, name: str) -> None:
    """Rename and delete an experiment.

    A deleted experiment keeps its name while it can be restored. The new name makes the old one free.
    """
    from mlflow import MlflowClient

    client = MlflowClient()
    client.rename_experiment(experiment_id, f"{name}_deleted_{time.time_ns()}")
    client.delete_experiment(experiment_id)
