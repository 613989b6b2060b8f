"""The login of the user to a Databricks workspace, for this one command.

Other parts of lakelab do not use it: see `lakelab.local.notebook.client_env`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.errors import DatabricksError, PermissionDenied, Unauthenticated
from requests.exceptions import RequestException

from lakelab.local.system.home import HomeError
from lakelab.runtime import find_home
from lakelab.upload.errors import LOG_IN_AGAIN, UploadError, first_line

CONNECT_TIMEOUT = 10
"""Seconds until the first answer of the workspace; a wrong host has no answer by then."""

RETRY_TIMEOUT = 120
"""Seconds of retries for a call that fails: a lost connection, a busy workspace."""


@dataclass(frozen=True)
class Login:
    """A connected client, and its user."""

    client: WorkspaceClient
    user: str

    @property
    def host(self) -> str:
        """The address of the workspace."""
        return str(self.client.config.host)


def log_in(profile: str | None = None) -> Login:
    """Log in with databricks-sdk, and read the user from the workspace.

    Follows https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth

    Parameters
    ----------
    profile : str, optional
        A profile of ``~/.databrickscfg``. Without one, the variables ``DATABRICKS_*``, then the profile
        ``DEFAULT``.

    Raises
    ------
    UploadError
        If the login does not exist, or the workspace does not answer or refuses it.
    """
    _remove_local_settings(os.environ)
    # the errors below replace its warnings
    logging.getLogger("databricks.sdk").setLevel(logging.ERROR)
    login_name = f"--profile {profile}" if profile else "the default login"
    try:
        config = Config(
            profile=profile,
            retry_timeout_seconds=CONNECT_TIMEOUT,
            product="lakelab",
            product_version=lakelab_version(),
        )
        user = WorkspaceClient(config=config).current_user.me().user_name
    except ValueError as error:  # no profile, no credentials, or no credentials helper
        raise UploadError(
            f"{login_name} does not lead to a workspace: {first_line(error)}. Expected a profile in "
            "~/.databrickscfg, or DATABRICKS_HOST with DATABRICKS_TOKEN. Do: databricks auth login "
            "--host https://<your workspace> --profile <name>, then: lakelab upload --profile <name>"
        ) from error
    except (PermissionDenied, Unauthenticated) as error:
        raise UploadError(
            f"{config.host} refuses {login_name}: {first_line(error)}. Expected a login that has not "
            f"expired, of this workspace. {LOG_IN_AGAIN}"
        ) from error
    except (RequestException, TimeoutError) as error:
        raise UploadError(
            f"{config.host} does not answer ({first_line(error.__cause__ or error)}). Expected the "
            "address of a workspace, such as https://dbc-1234abcd-5678.cloud.databricks.com. Look at "
            f"host in {login_name}, the network and the proxy."
        ) from error
    except DatabricksError as error:
        raise UploadError(
            f"{config.host} does not say who {login_name} is: {first_line(error)}. Expected the address of a "
            "workspace, not that of the account console."
        ) from error
    config.retry_timeout_seconds = RETRY_TIMEOUT
    return Login(WorkspaceClient(config=config), str(user))


def lakelab_version() -> str:
    """Return the version of lakelab."""
    try:
        return version("lakelab")
    except PackageNotFoundError:
        return "0"


def _remove_local_settings(environ: MutableMapping[str, str]) -> None:
    """Remove the settings of the local workspace, which the processes of a lesson inherit.

    With them, ``!lakelab upload`` in a lesson would reach the local workspace instead of the user's.
    """
    config_file = environ.get("DATABRICKS_CONFIG_FILE")
    try:
        is_local = config_file is not None and Path(config_file).is_relative_to(find_home().root)
    except HomeError:  # without a home, no lesson runs
        is_local = False
    if is_local:
        for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"):
            environ.pop(name, None)
