"""A small Databricks workspace in this process, for the unmodified official clients.

MLflow's ``databricks-uc`` registry client and ``databricks.sdk.WorkspaceClient`` call it over HTTP
on 127.0.0.1. Registered models are kept in the open-source MLflow registry, and so are those of the
workspace registry (``databricks``). Tables are kept in the local Unity Catalog. The workspace is a
teaching aid, for one machine and its user. One part of MLflow's client is changed:
:mod:`lakelab.mlflow_plugin`.
"""

from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.governance import DEFAULT_USER, EVERYONE, Governance
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.server import LocalWorkspace, start_workspace

__all__ = [
    "DEFAULT_USER",
    "EVERYONE",
    "ApiError",
    "Governance",
    "LocalWorkspace",
    "Securable",
    "start_workspace",
]
