"""A small Databricks workspace in this process, for the official clients as they are.

MLflow's ``databricks-uc`` registry client and ``databricks.sdk.WorkspaceClient`` talk to it over HTTP
on 127.0.0.1. Registered models live in the open-source MLflow registry, tables in the local Unity
Catalog, and so do those of the workspace registry (``databricks``). It is a teaching aid, for one
machine and its user. One thing of MLflow's client is mended: :mod:`lakelab.mlflow_plugin`.
"""

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.governance import EVERYONE, Governance
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.server import DEFAULT_USER, LocalWorkspace, start_workspace

__all__ = [
    "DEFAULT_USER",
    "EVERYONE",
    "ApiError",
    "Governance",
    "LocalWorkspace",
    "Securable",
    "start_workspace",
]
