"""Uploads and downloads of files: presigned URLs, and the uploads of MLflow's client to DBFS.

Tested in ``tests/local/workspace/test_files.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.workspace.dbfs import UploadArea
from lakelab.local.workspace.presigned_urls import PresignedUrls
from lakelab.local.workspace.rest import authenticate, json_response, with_json_errors
from lakelab.local.workspace.tokens import AccessTokens


class FileTransfers:
    """The HTTP routes that receive and send files of model versions.

    Parameters
    ----------
    tokens : AccessTokens
        An upload to DBFS needs a token. A presigned URL needs none.
    files : ModelFiles
        The files of Unity Catalog's models.
    urls : PresignedUrls
        The presigned URLs of this workspace.
    uploads : UploadArea
        The part of DBFS that accepts uploads.
    """

    def __init__(
        self, tokens: AccessTokens, files: ModelFiles, urls: PresignedUrls, uploads: UploadArea
    ):
        self._tokens = tokens
        self._files = files
        self._urls = urls
        self._uploads = uploads

    def routes(self) -> list[Route]:
        return [
            Route("/presigned/{key}", with_json_errors(self._upload), methods=["PUT"]),
            Route("/presigned/{key}", with_json_errors(self._download), methods=["GET"]),
            Route("/dbfs/{path:path}", with_json_errors(self._upload_to_dbfs), methods=["POST"]),
        ]

    async def _upload(self, request: Request) -> Response:
        folder, file = self._urls.redeem("PUT", request.path_params["key"])
        async with _received_body(request, self._files.upload_draft()) as draft:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Checked again: a link may have been created after the URL was signed
            self._files.inside(folder, file.relative_to(folder).parts)
            draft.replace(file)
        return json_response({})

    async def _upload_to_dbfs(self, request: Request) -> Response:
        authenticate(request, self._tokens)
        file = self._uploads.folder(f"/{request.path_params['path']}")
        async with _received_body(request, self._uploads.draft()) as draft:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(file)
        return json_response({})

    async def _download(self, request: Request) -> Response:
        folder, file = self._urls.redeem(
            "GET", request.path_params["key"], keep="range" in request.headers
        )
        self._files.inside(folder, file.relative_to(folder).parts)
        if not file.is_file():
            raise ApiError(conditions.NOT_FOUND, f"The file is gone: {file.name}.")
        return FileResponse(file, media_type="application/octet-stream")


@asynccontextmanager
async def _received_body(request: Request, draft: Path) -> AsyncIterator[Path]:
    """Write the body of a request to a draft, and delete the draft unless the caller moved it."""
    try:
        with draft.open("wb") as out:
            async for chunk in request.stream():
                out.write(chunk)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
