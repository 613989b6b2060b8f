"""REST calls of the Files API, by which MLflow's client uploads and downloads files of models.

A path is ``/Models/<catalog>/<schema>/<model>/<version>/<path>``. Follows
https://docs.databricks.com/api/workspace/files
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_version import PENDING
from lakelab.local.catalog.names import model_name
from lakelab.local.workspace.api import FILES_API, Call, Endpoint
from lakelab.local.workspace.model_service import ModelService
from lakelab.local.workspace.presigned_urls import PresignedUrls


class FilesApi:
    """The calls about files of model versions.

    Parameters
    ----------
    models : ModelService
    urls : PresignedUrls
    """

    def __init__(self, models: ModelService, urls: PresignedUrls):
        self._models = models
        self._registry = models.registry
        self._files = models.registry.files
        self._urls = urls

    def endpoints(self) -> list[Endpoint]:
        return [
            ("POST", f"{FILES_API}/create-upload-url", self.create_upload_url),
            ("POST", f"{FILES_API}/create-download-url", self.create_download_url),
            ("GET", f"{FILES_API}/directories/{{path:path}}", self.list_directory),
        ]

    def create_upload_url(self, call: Call) -> dict[str, Any]:
        name, number, parts = self._parse_path(call, "CREATE_MODEL_VERSION")
        version = self._registry.version(name, number)
        if version.record.status != PENDING:
            raise ApiError(
                conditions.INVALID_STATE,
                f"Version {version.number} of model '{version.name}' is {version.record.status}: its "
                "files do not change any more. Register a new version.",
            )
        folder = self._registry.folder(version)
        return self._urls.sign("PUT", folder, self._file(folder, parts))

    def create_download_url(self, call: Call) -> dict[str, Any]:
        name, number, parts = self._parse_path(call, "EXECUTE")
        folder = self._models.ready_folder(name, number)
        file = self._file(folder, parts)
        if not file.is_file():
            raise ApiError(
                conditions.NOT_FOUND, f"The file being accessed is not found: {call.text('path')}."
            )
        return self._urls.sign("GET", folder, file)

    def list_directory(self, call: Call) -> dict[str, Any]:
        name, number, parts = self._parse_path(call, "EXECUTE")
        folder = self._models.ready_folder(name, number)
        directory, path = self._files.inside(folder, parts), call.text("path").strip("/")
        if not directory.is_dir():
            raise ApiError(
                conditions.NOT_FOUND, f"The directory being accessed is not found: /{path}."
            )
        return {
            "contents": [
                {
                    "path": f"/{path}/{entry.name}",
                    "name": entry.name,
                    "is_directory": entry.is_dir(),
                    "file_size": entry.stat().st_size,
                }
                for entry in self._files.entries(folder, directory)
            ]
        }

    def _parse_path(self, call: Call, privilege: str) -> tuple[str, str, list[str]]:
        """Split the path of a call into model name, version and the parts below the version.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE``, or ``PERMISSION_DENIED`` without the privilege on the model.
        """
        path = call.text("path")
        root, *levels = path.strip("/").split("/")
        if root != "Models" or len(levels) < 4:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Invalid path '{path}': expected /Models/<catalog>/<schema>/<model>/<version>/...",
            )
        name = model_name(".".join(levels[:3]))
        self._models.require_privilege(call, name, privilege)
        return name, levels[3], levels[4:]

    def _file(self, folder: Path, parts: list[str]) -> Path:
        if not parts:
            raise ApiError(conditions.INVALID_PARAMETER_VALUE, "Invalid path: it names no file.")
        return self._files.inside(folder, parts)
