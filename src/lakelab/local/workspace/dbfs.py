"""The folder of DBFS that MLflow's client uploads models to, for the workspace registry.

If runs are tracked outside of the registry's workspace, ``MlflowClient.create_model_version`` first
copies the files to ``dbfs:/databricks/mlflow/tmp-external-source/`` of that workspace. The local
workspace has no other part of DBFS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.workspace.api import Call, Endpoint

ROOT = "/databricks/mlflow/tmp-external-source/"


class UploadArea:
    """The folder of uploaded models, by their DBFS paths.

    Parameters
    ----------
    root : Path
        The folder; created when needed.
    """

    def __init__(self, root: Path):
        self._files = ModelFiles(root)

    def endpoints(self) -> list[Endpoint]:
        return [("GET", "/api/2.0/dbfs/list", self.list)]

    def folder(self, path: str) -> Path:
        """Return a file or folder of the area, whether or not it exists.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED`` if the path is elsewhere on DBFS, ``INVALID_PARAMETER_VALUE`` if it
            leads out of the area.
        """
        path = f"{path}/"
        if not path.startswith(ROOT):
            raise ApiError(
                conditions.PERMISSION_DENIED,
                f"dbfs:{path[:-1]} is not on a laptop: there is dbfs:{ROOT} only, which MLflow uploads to.",
            )
        # the client writes two slashes after the root
        parts = [part for part in path.removeprefix(ROOT).split("/") if part]
        return self._files.inside(self._files.root, parts)

    def draft(self) -> Path:
        """Return a new path for a running upload."""
        return self._files.upload_draft()

    def remove_unfinished(self) -> None:
        """Delete unfinished uploads of killed processes."""
        self._files.remove_unfinished()

    def list(self, call: Call) -> dict[str, Any]:
        path = call.text("path").rstrip("/")
        folder = self.folder(path)
        if folder.is_file():
            size = folder.stat().st_size
            return {"files": [{"path": path, "is_dir": False, "file_size": size}]}
        if not folder.is_dir():
            raise ApiError(
                conditions.RESOURCE_DOES_NOT_EXIST, f"No file or directory exists on path {path}."
            )
        return {
            "files": [
                {
                    "path": f"{path}/{entry.name}",
                    "is_dir": entry.is_dir(),
                    "file_size": 0 if entry.is_dir() else entry.stat().st_size,
                }
                for entry in self._files.entries(self._files.root, folder)
            ]
        }
