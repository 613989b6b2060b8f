"""The target folder of the course in the workspace, checked before any call."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakelab.upload.errors import UploadError

ROOTS = ("Users", "Shared", "Repos")
"""The top folders of each workspace: home folders, the shared folder, and older Git folders."""


@dataclass(frozen=True)
class UploadTarget:
    """A folder of the workspace.

    Follows https://docs.databricks.com/aws/en/workspace/workspace-objects

    Parameters
    ----------
    path : str
        The path in the workspace API, without ``/Workspace``: for example ``/Users/ana@example.com/lab``.

    Examples
    --------
    >>> UploadTarget.parse("/Workspace/Users/ana@example.com/lakelab/").api("notebooks/_lab")
    '/Users/ana@example.com/lakelab/notebooks/_lab'
    >>> print(UploadTarget.parse("/Shared/lakelab"))
    /Workspace/Shared/lakelab
    >>> UploadTarget.parse("lakelab")
    Traceback (most recent call last):
    ...
    lakelab.upload.errors.UploadError: --path lakelab is not absolute. Expected a folder ...
    """

    path: str

    @classmethod
    def parse(cls, given: str) -> UploadTarget:
        """Parse the value of ``--path``.

        Raises
        ------
        UploadError
            If a workspace cannot have a folder with this path.
        """
        if re.match(
            r"[A-Za-z]:", given
        ):  # Git Bash on Windows converts it to C:/Program Files/Git/Workspace
            raise _path_error(
                given, "is a path of this machine", "In Git Bash, write //Workspace/..."
            )
        if not given.startswith("/"):
            raise _path_error(given, "is not absolute")
        if re.search(r"[\x00-\x1f\\]", given):
            raise _path_error(given, "has a character that no folder of a workspace has")
        parts = [part for part in given.split("/") if part]
        if {".", ".."} & set(parts):
            raise _path_error(given, "leads up with . or ..")
        prefixed = parts[:1] == ["Workspace"]
        parts = parts[prefixed:]
        if parts[:1] == ["Volumes"]:
            raise _path_error(given, "is in a volume, where notebooks do not run")
        if not parts or (parts[0] not in ROOTS and not prefixed):
            raise _path_error(given, "is not below /Workspace")
        if parts[0] in ROOTS and len(parts) == 1:
            raise _path_error(given, f"is the folder of all {parts[0].lower()}, not one in it")
        return cls("/" + "/".join(parts))

    def api(self, below: str = "") -> str:
        """Return the path of an object below this folder, for the workspace API."""
        return f"{self.path}/{below}" if below else self.path

    def __str__(self) -> str:
        """Return the path as the pages of the workspace show it."""
        return f"/Workspace{self.path}"


def _path_error(given: str, why: str, more: str = "") -> UploadError:
    expected = "Expected a folder such as /Workspace/Users/<your name>/lakelab or /Workspace/Shared/lakelab."
    return UploadError(f"--path {given} {why}. {expected} {more}".rstrip())
