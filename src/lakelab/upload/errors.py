"""The errors of an upload, each with a message of one line."""

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
"""The exceptions of databricks-sdk: errors of the workspace, and a host that does not answer."""

_TRANSIENT_ERRORS = (
    InternalError,
    RequestException,
    TemporarilyUnavailable,
    TimeoutError,
    TooManyRequests,
)


class UploadError(Exception):
    """The upload cannot continue; the message has the given and the expected value, and a remedy."""


def call_error(action: str, path: str, error: Exception) -> UploadError:
    """Return an error of one line for a failed call on a path of the workspace.

    Parameters
    ----------
    action : str
        The action that failed, for example ``"write"``.
    path : str
        The path in the workspace.
    error : Exception
        One of `CALLS_FAIL_WITH`.

    Examples
    --------
    >>> str(call_error("write", "/Workspace/Shared/lab", PermissionDenied("no CAN_MANAGE")))
    'cannot write /Workspace/Shared/lab: no CAN_MANAGE. Expected a folder that you may write to, such as your home folder: choose it with --path, or have an administrator grant you CAN EDIT on this one.'
    """
    message = first_line(error)
    if isinstance(error, Unauthenticated):
        return UploadError(f"cannot {action} {path}: the login ended ({message}). {LOG_IN_AGAIN}")
    if isinstance(error, PermissionDenied):
        return UploadError(
            f"cannot {action} {path}: {message}. Expected a folder that you may write to, such as your home "
            "folder: choose it with --path, or have an administrator grant you CAN EDIT on this one."
        )
    if getattr(error, "error_code", None) == "MAX_NOTEBOOK_SIZE_EXCEEDED":
        return UploadError(
            f"cannot {action} {path}: {message}. Clear the notebook's outputs in the workspace, and run the "
            "same command again."
        )
    if isinstance(error, _TRANSIENT_ERRORS):
        return UploadError(
            f"cannot {action} {path}: {message}. Run the same command again: it goes on where it stopped."
        )
    return UploadError(
        f"cannot {action} {path}: {message}. Look at this path in the workspace, or choose another folder "
        "with --path."
    )


def first_line(error: BaseException) -> str:
    """Return the first line of the message of an error, without a full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


LOG_IN_AGAIN = (
    "Log in again: `databricks auth login --profile <name>` for OAuth, or a new token in "
    "~/.databrickscfg or DATABRICKS_TOKEN."
)
