"""Environment variables that lead the official clients to the local workspace, and nowhere else.

Databricks' clients find a workspace by environment variables and by a configuration file. A learner
may have both set up for real work: a lesson on the laptop must use none of it.
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

_OTHERS_OF_THE_SDK = (
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_ENVIRONMENT",
    "ARM_TENANT_ID",
    "ARM_USE_MSI",
    "GOOGLE_CREDENTIALS",
)
"""What databricks-sdk reads beside ``DATABRICKS_*``."""

_ONLY_WITH_THEIR_STORE = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID")
"""Names and ids that another MLflow store gave; without that store they fail every run."""

_LOOPBACK = ("127.0.0.1", "localhost")

_NOISY_LOGGERS = ("mlflow.store.db.utils", "alembic.runtime.migration", "alembic.runtime.plugins")
"""What tells of dozens of migrations when MLflow makes a new database."""

_ONLY_ON_DATABRICKS = "Unable to get model version source run's workspace ID"
"""MLflow warns so at each registration from a store that is not Databricks' own."""


class _Workspace(Protocol):
    @property
    def url(self) -> str: ...

    @property
    def token(self) -> str: ...


@dataclass(frozen=True)
class Login:
    """Where a workspace is, and the token of one of its users."""

    url: str
    token: str


def point_clients_at(workspace: _Workspace, home: Home) -> list[str]:
    """Make the official clients of this process, and of those it starts, use the local workspace.

    Call it before MLflow is imported, as it reads some of the switches then.

    Parameters
    ----------
    workspace : LocalWorkspace
        The workspace, with its ``url`` and ``token``.
    home : Home
        Local state. An empty configuration file is made in it.

    Returns
    -------
    list of str
        What of the learner's own configuration is ignored: names of variables and the path of a
        configuration file, sorted; never a value.
    """
    ignored = _ignored(home)
    server = tracking_uri(home)
    for name in ignored:
        os.environ.pop(name, None)
    config_file = _empty_config_file(home)
    os.environ.update(
        {
            "DATABRICKS_HOST": workspace.url,
            "DATABRICKS_TOKEN": workspace.token,
            "DATABRICKS_CONFIG_FILE": str(config_file),
            "NO_PROXY": _without_proxy("NO_PROXY"),
            "no_proxy": _without_proxy("no_proxy"),
            **_mlflow_switches(server, home),
        }
    )
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # a logger takes the same filter once only
    logging.getLogger("mlflow.store._unity_catalog.registry.rest_store").addFilter(_tells_something)
    return ignored


def name_profiles(profiles: Mapping[str, _Workspace], home: Home) -> Path:
    """Let the clients of this process reach several workspaces by name: ``databricks://<profile>``.

    Variables come before a profile, so host and token move from the environment into a configuration
    file of this process, which only its user can read.

    Parameters
    ----------
    profiles : mapping of str to LocalWorkspace or Login
        The profiles; ``DEFAULT`` is used where none is named.
    home : Home
        Local state; the file is in its scratch folder, and goes with the process.

    Returns
    -------
    Path
        The file.
    """
    told = configparser.ConfigParser(default_section="")  # "DEFAULT" is a section like the others
    for name, workspace in profiles.items():
        told[name] = {"host": workspace.url, "token": workspace.token}
    file = home.scratch / "databrickscfg"
    file.touch(mode=0o600)
    with file.open("w", encoding="utf-8") as out:
        told.write(out)
    os.environ["DATABRICKS_CONFIG_FILE"] = str(file)
    for variable in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
        os.environ.pop(variable, None)
    return file


def _tells_something(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_ONLY_ON_DATABRICKS)


def _mlflow_switches(server: str, home: Home) -> dict[str, str]:
    return {
        "MLFLOW_TRACKING_URI": server,
        # the default of MLflow 3 on Databricks
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        # where SQL stores put the artifacts of experiments that do not say where. Never file://: MLflow
        # deletes the source folder of a file:// model when it registers it in Unity Catalog
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(home.artifacts),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        # both would take other ways to the registry's files than the local workspace has
        "MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY": "false",
        "MLFLOW_USE_DATABRICKS_SDK_MODELS_ARTIFACTS_REPO_FOR_UC": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        # links into a workspace's UI, which there is none of
        "MLFLOW_PRINT_MODEL_URLS_ON_CREATION": "false",
    }


def _ignored(home: Home) -> list[str]:
    """Name the learner's own settings that are in the way; ours of an earlier call are none."""
    named = os.environ.get("DATABRICKS_CONFIG_FILE")
    ours = named is not None and Path(named).is_relative_to(home.root)
    set_by_us = {"DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"} if ours else set()
    found = {
        name
        for name, value in os.environ.items()
        if value
        and (name.startswith("DATABRICKS_") or name in _OTHERS_OF_THE_SDK)
        and not name.startswith("DATABRICKS_DEBUG_")
    } - set_by_us
    store = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if store and store not in (tracking_uri(home), home.mlflow_uri):
        found.add("MLFLOW_TRACKING_URI")
    if os.environ.get("MLFLOW_REGISTRY_URI", "databricks-uc") != "databricks-uc":
        found.add("MLFLOW_REGISTRY_URI")
    if store.lower().startswith("databricks"):
        found |= {name for name in _ONLY_WITH_THEIR_STORE if os.environ.get(name)}
    own_file = Path(os.environ.get("DATABRICKS_CONFIG_FILE") or "~/.databrickscfg").expanduser()
    if not ours and own_file.is_file():
        found.add(str(own_file))
    return sorted(found)


def _config_file(home: Home) -> Path:
    return home.workspace_state / "databrickscfg"


def _empty_config_file(home: Home) -> Path:
    file = _config_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    return file


def _without_proxy(variable: str) -> str:
    hosts = [host for host in os.environ.get(variable, "").split(",") if host.strip()]
    return ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])
