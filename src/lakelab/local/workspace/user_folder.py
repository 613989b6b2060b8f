"""REST calls about the user's own folder of the workspace, ``/Users/<user>``, which holds AutoML's notebooks.

Follows https://docs.databricks.com/api/workspace/workspace/getstatus and /delete
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.workspace.api import Call, Endpoint

API = "/api/2.0/workspace"


class UserFolder:
    """A user's folder of the workspace, kept as files of this machine.

    Parameters
    ----------
    root : Path
        The folder on this machine.
    user : str
        The user of this machine. Other users have no folder.
    """

    def __init__(self, root: Path, user: str):
        self._root = root
        self._home = f"/Users/{user}"
        self._user = user

    def endpoints(self) -> list[Endpoint]:
        return [
            ("GET", f"{API}/get-status", self.get_status),
            ("POST", f"{API}/delete", self.delete),
        ]

    def get_status(self, call: Call) -> dict[str, Any]:
        path, file = self._find(call)
        kind = "DIRECTORY" if file.is_dir() else "FILE"
        return {"path": path, "object_type": "NOTEBOOK" if file.suffix == ".ipynb" else kind}

    def delete(self, call: Call) -> None:
        path, file = self._find(call)
        if file == self._root:
            raise ApiError(conditions.BAD_REQUEST, f"{path} is the user's own folder, which stays.")
        if not file.is_dir():
            file.unlink()
        elif call.flag("recursive"):
            shutil.rmtree(file)
        elif any(file.iterdir()):
            raise ApiError(conditions.DIRECTORY_NOT_EMPTY, f"Folder ({path}) is not empty")
        else:
            file.rmdir()

    def _find(self, call: Call) -> tuple[str, Path]:
        """Return the path of a call, and its file or folder on this machine.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED`` outside of the user's folder, ``RESOURCE_DOES_NOT_EXIST``.
        """
        path = call.text("path").rstrip("/")
        parts = [part for part in path.removeprefix(self._home).split("/") if part]
        outside = path != self._home and not path.startswith(f"{self._home}/")
        if outside or call.user != self._user or {".", ".."} & set(parts) or "\\" in path:
            raise ApiError(
                conditions.PERMISSION_DENIED,
                f"{call.user} has no access to {path}. On a laptop there is {self._home} only.",
            )
        file = self._root.joinpath(*parts)
        links = [
            p for p in (file, *file.parents) if p.is_relative_to(self._root) and p.is_symlink()
        ]
        if links or "\0" in path or not file.exists():
            raise ApiError(conditions.RESOURCE_DOES_NOT_EXIST, f"Path ({path}) doesn't exist.")
        return path, file
