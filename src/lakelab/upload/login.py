"""Who uploads, and to which workspace: the learner's own login, for this one command.

Nothing else in lakelab uses it: see `lakelab.local.notebook.client_env`.
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

ANSWER_WITHIN = 10
"""Seconds in which a workspace must answer at first; a wrong host is known by then."""

KEEP_TRYING = 120
"""Seconds for a call that fails for a while: a connection that breaks, a workspace that is busy."""


@dataclass(frozen=True)
class Login:
    """A client that the workspace has answered, and the user that it knows."""

    client: WorkspaceClient
    user: str

    @property
    def host(self) -> str:
        """The workspace's address."""
        return str(self.client.config.host)


def log_in(profile: str | None = None) -> Login:
    """Log in as databricks-sdk does, and have the workspace say who that is.

    Follows https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth

    Parameters
    ----------
    profile : str, optional
        A profile of ``~/.databrickscfg``. Without one, the variables ``DATABRICKS_*``, then the profile
        ``DEFAULT``.

    Raises
    ------
    UploadError
        If there is no such login, the workspace does not answer, or it refuses.
    """
    _forget_the_labs_own(os.environ)
    # what it warns of is told below, in one line
    logging.getLogger("databricks.sdk").setLevel(logging.ERROR)
    asked = f"--profile {profile}" if profile else "the default login"
    try:
        config = Config(
            profile=profile,
            retry_timeout_seconds=ANSWER_WITHIN,
            product="lakelab",
            product_version=our_version(),
        )
        user = WorkspaceClient(config=config).current_user.me().user_name
    except ValueError as error:  # no profile, no credentials, or no program that gives them
        raise UploadError(
            f"{asked} does not lead to a workspace: {first_line(error)}. Expected a profile in "
            "~/.databrickscfg, or DATABRICKS_HOST with DATABRICKS_TOKEN. Do: databricks auth login "
            "--host https://<your workspace> --profile <name>, then: lakelab upload --profile <name>"
        ) from error
    except (PermissionDenied, Unauthenticated) as error:
        raise UploadError(
            f"{config.host} refuses {asked}: {first_line(error)}. Expected a login that has not "
            f"expired, of this workspace. {LOG_IN_AGAIN}"
        ) from error
    except (RequestException, TimeoutError) as error:
        raise UploadError(
            f"{config.host} does not answer ({first_line(error.__cause__ or error)}). Expected the "
            "address of a workspace, such as https://dbc-1234abcd-5678.cloud.databricks.com. Look at "
            f"host in {asked}, the network and the proxy."
        ) from error
    except DatabricksError as error:
        raise UploadError(
            f"{config.host} does not say who {asked} is: {first_line(error)}. Expected the address of a "
            "workspace, not that of the account console."
        ) from error
    config.retry_timeout_seconds = KEEP_TRYING
    return Login(WorkspaceClient(config=config), str(user))


def our_version() -> str:
    """Give lakelab's version."""
    try:
        return version("lakelab")
    except PackageNotFoundError:
        return "0"


def _forget_the_labs_own(environ: MutableMapping[str, str]) -> None:
    """Forget the settings of the local workspace, which a lesson leaves to what it starts.

    ``!lakelab upload`` in a lesson would reach that workspace, and not the learner's.
    """
    named = environ.get("DATABRICKS_CONFIG_FILE")
    try:
        ours = named is not None and Path(named).is_relative_to(find_home().root)
    except HomeError:  # no home, no lesson
        ours = False
    if ours:
        for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"):
            environ.pop(name, None)
