"""Where in the workspace the course goes: a folder, checked before anything is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakelab.upload.errors import UploadError

ROOTS = ("Users", "Shared", "Repos")
"""What the root of each workspace holds: home folders, what all share, and older Git folders."""


@dataclass(frozen=True)
class UploadTarget:
    """A folder of the workspace.

    Follows https://docs.databricks.com/aws/en/workspace/workspace-objects

    Parameters
    ----------
    path : str
        As the workspace API answers it: without ``/Workspace``, such as ``/Users/ana@example.com/lab``.

    Examples
    --------
    >>> UploadTarget.of("/Workspace/Users/ana@example.com/lakelab/").api("notebooks/_lab")
    '/Users/ana@example.com/lakelab/notebooks/_lab'
    >>> print(UploadTarget.of("/Shared/lakelab"))
    /Workspace/Shared/lakelab
    >>> UploadTarget.of("lakelab")
    Traceback (most recent call last):
    ...
    lakelab.upload.errors.UploadError: --path lakelab is not absolute. Expected a folder ...
    """

    path: str

    @classmethod
    def of(cls, given: str) -> UploadTarget:
        """Read what ``--path`` gives.

        Raises
        ------
        UploadError
            If it is not the path of a folder that a workspace can have.
        """
        if re.match(
            r"[A-Za-z]:", given
        ):  # Git Bash on Windows makes C:/Program Files/Git/Workspace
            raise _refused(given, "is a path of this machine", "In Git Bash, write //Workspace/...")
        if not given.startswith("/"):
            raise _refused(given, "is not absolute")
        if re.search(r"[\x00-\x1f\\]", given):
            raise _refused(given, "has a character that no folder of a workspace has")
        parts = [part for part in given.split("/") if part]
        if {".", ".."} & set(parts):
            raise _refused(given, "leads up with . or ..")
        prefixed = parts[:1] == ["Workspace"]
        parts = parts[prefixed:]
        if parts[:1] == ["Volumes"]:
            raise _refused(given, "is in a volume, where notebooks do not run")
        if not parts or (parts[0] not in ROOTS and not prefixed):
            raise _refused(given, "is not below /Workspace")
        if parts[0] in ROOTS and len(parts) == 1:
            raise _refused(given, f"is the folder of all {parts[0].lower()}, not one in it")
        return cls("/" + "/".join(parts))

    def api(self, below: str = "") -> str:
        """Give the path of something below, for a call."""
        return f"{self.path}/{below}" if below else self.path

    def __str__(self) -> str:
        """Give the path as the workspace's own pages show it."""
        return f"/Workspace{self.path}"


def _refused(given: str, why: str, more: str = "") -> UploadError:
    expected = "Expected a folder such as /Workspace/Users/<your name>/lakelab or /Workspace/Shared/lakelab."
    return UploadError(f"--path {given} {why}. {expected} {more}".rstrip())
