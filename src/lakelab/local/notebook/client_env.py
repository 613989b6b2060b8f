"""Environment variables that make the official clients use the local workspace, and no other one.

Databricks' clients find a workspace by environment variables and by a configuration file. A learner
may have set both for other work: a lesson on the laptop must not use them.
Follows https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth
"""

from __future__ import annotations

import configparser
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lakelab.local.system.home import Home, tracking_uri

_SDK_VARIABLES = (
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_ENVIRONMENT",
    "ARM_TENANT_ID",
    "ARM_USE_MSI",
    "GOOGLE_CREDENTIALS",
)
"""Variables that databricks-sdk reads beside ``DATABRICKS_*``."""

_STORE_VARIABLES = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID")
"""Names and ids of one MLflow store; with another store, they make every run fail."""

_LOOPBACK = ("127.0.0.1", "localhost")

_NOISY_LOGGERS = ("mlflow.store.db.utils", "alembic.runtime.migration", "alembic.runtime.plugins")
"""Loggers that report dozens of migrations when MLflow creates a database."""

_WORKSPACE_ID_WARNING = "Unable to get model version source run's workspace ID"
"""MLflow's warning at each registration from a store that is not Databricks' own."""


class _Workspace(Protocol):
    @property
    def url(self) -> str: ...

    @property
    def token(self) -> str: ...


@dataclass(frozen=True)
class Login:
    """The URL of a workspace, and the token of one of its users."""

    url: str
    token: str


def point_clients_at(workspace: _Workspace, home: Home) -> list[str]:
    """Make the official clients of this process and of its child processes use the local workspace.

    Call it before the import of MLflow, which reads some of the variables.

    Parameters
    ----------
    workspace : LocalWorkspace
        The workspace, with its ``url`` and ``token``.
    home : Home
        Local state. It gets an empty configuration file.

    Returns
    -------
    list of str
        The ignored parts of the learner's own configuration: names of variables and the path of a
        configuration file, sorted. No values.
    """
    ignored = _ignored_settings(home)
    server = tracking_uri(home)
    for name in ignored:
        os.environ.pop(name, None)
    config_file = _empty_config_file(home)
    os.environ.update(
        {
            "DATABRICKS_HOST": workspace.url,
            "DATABRICKS_TOKEN": workspace.token,
            "DATABRICKS_CONFIG_FILE": str(config_file),
            "NO_PROXY": _hosts_without_proxy("NO_PROXY"),
            "no_proxy": _hosts_without_proxy("no_proxy"),
            **_mlflow_variables(server, home),
        }
    )
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # a logger adds the same filter only once
    logging.getLogger("mlflow.store._unity_catalog.registry.rest_store").addFilter(_is_relevant)
    return ignored


def name_profiles(profiles: Mapping[str, _Workspace], home: Home) -> Path:
    """Write profiles for the clients of this process: ``databricks://<profile>`` is a workspace.

    The clients prefer variables to a profile. So host and token move from the environment into a
    configuration file of this process, which only its user can read.

    Parameters
    ----------
    profiles : mapping of str to LocalWorkspace or Login
        The profiles; the clients use ``DEFAULT`` if no profile is named.
    home : Home
        Local state. The file is in its scratch folder, which is deleted when the process ends.

    Returns
    -------
    Path
        The configuration file.
    """
    config = configparser.ConfigParser(default_section="")  # "DEFAULT" is a section like the others
    for name, workspace in profiles.items():
        config[name] = {"host": workspace.url, "token": workspace.token}
    file = home.scratch / "databrickscfg"
    file.touch(mode=0o600)
    with file.open("w", encoding="utf-8") as out:
        config.write(out)
    os.environ["DATABRICKS_CONFIG_FILE"] = str(file)
    for variable in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
        os.environ.pop(variable, None)
    return file


def _is_relevant(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_WORKSPACE_ID_WARNING)


def _mlflow_variables(server: str, home: Home) -> dict[str, str]:
    return {
        "MLFLOW_TRACKING_URI": server,
        # the default of MLflow 3 on Databricks
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        # the artifact folder of experiments without one of their own, for SQL stores. Never file://:
        # MLflow deletes the source folder of a file:// model when it registers the model in Unity
        # Catalog
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(home.artifacts),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        # both access the files of the registry by calls that the local workspace does not have
        "MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY": "false",
        "MLFLOW_USE_DATABRICKS_SDK_MODELS_ARTIFACTS_REPO_FOR_UC": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        # the local workspace has no UI that such links could open
        "MLFLOW_PRINT_MODEL_URLS_ON_CREATION": "false",
    }


def _ignored_settings(home: Home) -> list[str]:
    """List the learner's own settings that the clients must not use.

    The settings of an earlier call of `point_clients_at` are not among them.
    """
    return sorted(_ignored_databricks_settings(home) | _ignored_mlflow_variables(home))


def _ignored_databricks_settings(home: Home) -> set[str]:
    config_file = os.environ.get("DATABRICKS_CONFIG_FILE")
    called_before = config_file is not None and Path(config_file).is_relative_to(home.root)
    ignored = {
        name
        for name, value in os.environ.items()
        if value
        and (name.startswith("DATABRICKS_") or name in _SDK_VARIABLES)
        and not name.startswith("DATABRICKS_DEBUG_")
    }
    if called_before:
        return ignored - {"DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"}
    own_file = Path(config_file or "~/.databrickscfg").expanduser()
    return ignored | ({str(own_file)} if own_file.is_file() else set())


def _ignored_mlflow_variables(home: Home) -> set[str]:
    ignored = set()
    store = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if store and store not in (tracking_uri(home), home.mlflow_uri):
        ignored.add("MLFLOW_TRACKING_URI")
    if os.environ.get("MLFLOW_REGISTRY_URI", "databricks-uc") != "databricks-uc":
        ignored.add("MLFLOW_REGISTRY_URI")
    if store.lower().startswith("databricks"):
        ignored |= {name for name in _STORE_VARIABLES if os.environ.get(name)}
    return ignored


def _empty_config_file(home: Home) -> Path:
    file = home.workspace_state / "databrickscfg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    return file


def _hosts_without_proxy(variable: str) -> str:
    hosts = [host for host in os.environ.get(variable, "").split(",") if host.strip()]
    return ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])
