"""What can go wrong, in one line each."""

from __future__ import annotations

from databricks.sdk.errors import (
    DatabricksError,
    InternalError,
    PermissionDenied,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from requests.exceptions import RequestException

CALLS_FAIL_WITH = (DatabricksError, RequestException, TimeoutError)
"""What a call of databricks-sdk raises: the workspace's refusals, and a host that does not answer."""

_MAY_PASS = (
    InternalError,
    RequestException,
    TemporarilyUnavailable,
    TimeoutError,
    TooManyRequests,
)


class UploadError(Exception):
    """The upload cannot go on; the message says what was given, what was expected and what to do."""


def refused(what: str, path: str, error: Exception) -> UploadError:
    """Say in one line why a call on a path of the workspace failed.

    Parameters
    ----------
    what : str
        What was tried, such as ``"write"``.
    path : str
        The path in the workspace.
    error : Exception
        One of `CALLS_FAIL_WITH`.

    Examples
    --------
    >>> str(refused("write", "/Workspace/Shared/lab", PermissionDenied("no CAN_MANAGE")))
    'cannot write /Workspace/Shared/lab: no CAN_MANAGE. Expected a folder that you may write to, such as your home folder: choose it with --path, or have an administrator grant you CAN EDIT on this one.'
    """
    said = first_line(error)
    if isinstance(error, Unauthenticated):
        return UploadError(f"cannot {what} {path}: the login ended ({said}). {LOG_IN_AGAIN}")
    if isinstance(error, PermissionDenied):
        return UploadError(
            f"cannot {what} {path}: {said}. Expected a folder that you may write to, such as your home "
            "folder: choose it with --path, or have an administrator grant you CAN EDIT on this one."
        )
    if getattr(error, "error_code", None) == "MAX_NOTEBOOK_SIZE_EXCEEDED":
        return UploadError(
            f"cannot {what} {path}: {said}. Clear the notebook's outputs in the workspace, and run the "
            "same command again."
        )
    if isinstance(error, _MAY_PASS):
        return UploadError(
            f"cannot {what} {path}: {said}. Run the same command again: it goes on where it stopped."
        )
    return UploadError(
        f"cannot {what} {path}: {said}. Look at this path in the workspace, or choose another folder "
        "with --path."
    )


def first_line(error: BaseException) -> str:
    """Give the first line of what an error says, without a full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


LOG_IN_AGAIN = (
    "Log in again: `databricks auth login --profile <name>` for OAuth, or a new token in "
    "~/.databrickscfg or DATABRICKS_TOKEN."
)
