"""The HTTP server of the local workspace: routes, tokens, and errors as Databricks gives them."""

from __future__ import annotations

import errno
import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    ApiError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.governance import DEFAULT_USER, Governance
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.catalog.models import Registry
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.home import Home
from lakelab.local.system.http_server import LoopbackServer
from lakelab.local.workspace.api import Call, Endpoint, Handler
from lakelab.local.workspace.catalog import Catalog
from lakelab.local.workspace.dbfs import UploadArea
from lakelab.local.workspace.functions import FunctionCalls
from lakelab.local.workspace.models import Models
from lakelab.local.workspace.online_stores import OnlineStoreService
from lakelab.local.workspace.presigned_urls import PresignedUrls
from lakelab.local.workspace.user_folder import UserFolder
from lakelab.local.workspace.workspace_registry import WorkspaceRegistry

_logger = logging.getLogger(__name__)


class LocalWorkspace:
    """A running local workspace.

    Make one with `start_workspace`. It ends with the process, or with `stop`.

    Attributes
    ----------
    url : str
        What ``DATABRICKS_HOST`` must be.
    token : str
        What ``DATABRICKS_TOKEN`` must be, for the administrator.
    tracking_uri : str
        The MLflow store that the models are in.
    governance : Governance
        Owners, comments and grants, as ``GRANT`` in SQL also sets them.
    """

    def __init__(
        self,
        home: Home,
        unity: UnityCatalog,
        tracking_uri: str,
        users: Mapping[str, str],
        name: str,
        own_store: str,
    ):
        self.tracking_uri = tracking_uri
        self._users = dict(users)  # token -> user
        self.token, admin = next(iter(self._users.items()))
        self.governance = Governance(home.unity_models / "governance.json", admin)
        self._server = LoopbackServer("local workspace")
        self.url = self._server.url
        files = ModelFiles(home.unity_models / "models")
        self._urls = PresignedUrls(f"{self.url}/presigned")
        self._files = files
        registry = Registry(tracking_uri, files, home.unity_models / "registry.lock")
        catalog = Catalog(unity, self.governance, registry)
        models = Models(registry, catalog, self.governance, self._urls)
        own = home.workspace(name)
        self._uploads = UploadArea(own / "uploads")
        own_files = ModelFiles(own / "models")
        for kept in (files, own_files, self._uploads):
            kept.remove_leftovers()
        workspace_registry = WorkspaceRegistry(
            own_store, own_files, self._uploads, self._urls, own / "lock", name
        )
        self._online_stores = OnlineStoreService(home, unity)
        endpoints = [
            *catalog.endpoints(),
            *models.endpoints(),
            *FunctionCalls(catalog).endpoints(),
            *self._online_stores.endpoints(),
            *workspace_registry.endpoints(),
            *self._uploads.endpoints(),
            *UserFolder(home.user_folder, DEFAULT_USER).endpoints(),
        ]
        self.app = self._app(endpoints)

    def token_for(self, user: str) -> str:
        """Give a token of a user, known to the workspace from now on.

        Parameters
        ----------
        user : str
            The user's name, such as ``ana@example.com``. One who was never granted anything may do
            nothing.

        Returns
        -------
        str
            For ``WorkspaceClient(host=workspace.url, token=...)`` or ``DATABRICKS_TOKEN``.
        """
        for token, known in self._users.items():
            if known == user:
                return token
        token = _new_token()
        self._users[token] = user
        return token

    def start(self) -> LocalWorkspace:
        self._server.start(self.app)
        return self

    def stop(self) -> None:
        """End the server and free its port. A second call does nothing."""
        self._server.stop()
        self._online_stores.close()

    def __enter__(self) -> LocalWorkspace:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    # ---- routes ------------------------------------------------------------------------------
    def _app(self, endpoints: list[Endpoint]) -> Starlette:
        routes = [
            Route(path, self._endpoint(handler), methods=[method])
            for method, path, handler in [
                *endpoints,
                ("GET", "/api/2.0/preview/scim/v2/Me", _current_user),
            ]
        ]
        routes += [
            Route("/presigned/{key}", _guarded(self._upload), methods=["PUT"]),
            Route("/presigned/{key}", _guarded(self._download), methods=["GET"]),
            Route("/dbfs/{path:path}", _guarded(self._upload_to_dbfs), methods=["POST"]),
            Route("/.well-known/databricks-config", _guarded(self._host_metadata)),
        ]
        # Without these two, unknown paths would be answered as text, which the clients retry
        app = Starlette(routes=routes, exception_handlers={404: self._unknown, 405: self._unknown})
        # a path with one slash too many would be answered by a redirect: no JSON, and no token asked for
        app.router.redirect_slashes = False
        return app

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = Call(self._user(request), await _parameters(request))
            answer: dict[str, Any] | None = await run_in_threadpool(handler, call)
            return _json(answer or {})

        return _guarded(endpoint)

    def _user(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        user = None
        for token, known in list(self._users.items()):
            # All are compared, each in constant time: how long it takes tells nothing of a token
            if secrets.compare_digest(token.encode(), given.strip().encode()):
                user = known
        if scheme.lower() != "bearer" or user is None:
            raise ApiError(
                "UNAUTHENTICATED",
                "Invalid access token. The local workspace wants the DATABRICKS_TOKEN of the session "
                "that started it: Authorization: Bearer <token>.",
            )
        return user

    async def _unknown(self, request: Request, error: Exception) -> Response:
        async def refuse(request: Request) -> Response:
            self._user(request)
            raise ApiError(
                "ENDPOINT_NOT_FOUND",
                f"No API found for '{request.method} {request.url.path}' in the local workspace. It "
                "may exist on Databricks.",
            )

        return await _guarded(refuse)(request)

    async def _host_metadata(self, request: Request) -> Response:
        """Answer databricks-sdk, which asks what it talks to before it has a token."""
        return _json({"oidc_endpoint": f"{self.url}/oidc", "workspace_id": "0"})

    async def _upload(self, request: Request) -> Response:
        folder, file = self._urls.redeem("PUT", request.path_params["key"])
        async with _received(request, self._files.upload_draft()) as draft:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Checked again: a link may have come since the URL was signed
            self._files.inside(folder, file.relative_to(folder).parts)
            draft.replace(file)
        return _json({})

    async def _upload_to_dbfs(self, request: Request) -> Response:
        self._user(request)
        file = self._uploads.folder(f"/{request.path_params['path']}")
        async with _received(request, self._uploads.draft()) as draft:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(file)
        return _json({})

    async def _download(self, request: Request) -> Response:
        folder, file = self._urls.redeem(
            "GET", request.path_params["key"], keep="range" in request.headers
        )
        self._files.inside(folder, file.relative_to(folder).parts)
        if not file.is_file():
            raise ApiError("NOT_FOUND", f"The file is gone: {file.name}.")
        return FileResponse(file, media_type="application/octet-stream")


@asynccontextmanager
async def _received(request: Request, draft: Path) -> AsyncIterator[Path]:
    """Write the body of a request to a draft, which is gone afterwards unless it was moved."""
    try:
        with draft.open("wb") as out:
            async for chunk in request.stream():
                out.write(chunk)
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _new_token() -> str:
    return f"local-{secrets.token_urlsafe(32)}"


def _current_user(call: Call) -> dict[str, Any]:
    return {
        "id": "1",
        "userName": call.user,
        "displayName": call.user.partition("@")[0],
        "active": True,
        "emails": [{"value": call.user, "primary": True}],
    }


async def _parameters(request: Request) -> dict[str, Any]:
    """Gather the parameters of a call; those in the path cannot be overridden."""
    body = await request.body()
    try:
        told = json.loads(body) if body else {}
    except ValueError as error:  # UnicodeDecodeError is one
        raise ApiError("MALFORMED_REQUEST", f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise ApiError("MALFORMED_REQUEST", "The body is nested too deeply.") from error
    if not isinstance(told, dict):
        raise ApiError("MALFORMED_REQUEST", "The body is not a JSON object.")
    query: dict[str, Any] = {}
    for key in request.query_params:
        values = request.query_params.getlist(key)  # a list comes as the same key several times
        query[key] = values[0] if len(values) == 1 else values
    return {**told, **query, **request.path_params}


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Answer whatever goes wrong as JSON with a code, never with status 429 or 5xx.

    The clients retry those, and answers that are not JSON, for minutes without a word.
    """

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HTTPException:
            raise
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:
            # the one catch-all, at the HTTP boundary: what went wrong is logged and told
            refusal = _as_api_error(error)
            if refusal.code == "INTERNAL_ERROR":
                _logger.exception("%s %s", request.method, request.url.path)
            return _json({"error_code": refusal.code, "message": refusal.message}, refusal.status)

    return guarded


def _json(content: dict[str, Any], status: int = 200) -> Response:
    # In ASCII, unlike Starlette's own: what a caller sent and UTF-8 lacks comes back unharmed
    return Response(json.dumps(content), status, media_type="application/json")


def _as_api_error(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, AlreadyExistsError):
        return ApiError("RESOURCE_ALREADY_EXISTS", str(error))
    if isinstance(error, NotFoundError):
        return ApiError("RESOURCE_DOES_NOT_EXIST", str(error))
    if isinstance(error, UnityCatalogError):
        return ApiError("INVALID_PARAMETER_VALUE", str(error))
    # MlflowException is known by its code: importing it here would import MLflow at the start
    if isinstance(code := getattr(error, "error_code", None), str):
        message = getattr(error, "message", str(error))
        return ApiError(code, message.removeprefix(f"{code}: "))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return ApiError(
            "INVALID_STATE",
            f"The local workspace cannot write {error.filename or 'its files'}: {error.strerror}. Free "
            "some space there, or set LAKELAB_HOME to a folder that you can write; then do it again.",
        )
    return ApiError(
        "INTERNAL_ERROR", f"The local workspace failed: {type(error).__name__}: {error}"
    )


def start_workspace(
    home: Home,
    unity: UnityCatalog,
    tracking_uri: str,
    users: Mapping[str, str] | None = None,
    *,
    name: str = "a",
    own_store: str | None = None,
) -> LocalWorkspace:
    """Start a local workspace on a free port of 127.0.0.1.

    MLflow is not imported before a call needs it, so this takes a fraction of a second.

    Parameters
    ----------
    home : Home
        Where model files and grants are kept; several processes may share it.
    unity : UnityCatalog
        Where the tables are.
    tracking_uri : str
        The MLflow store for the models: ``sqlite:///...`` or the URL of an ``mlflow server``.
    users : mapping of str to str, optional
        Tokens and their users. The first user is the administrator, who owns all and may do all. By
        default there is one, with a new random token.
    name : str
        The workspace's name. Workspaces of one home share Unity Catalog, and each has a workspace
        registry of its own.
    own_store : str, optional
        The MLflow store for the workspace registry; `tracking_uri` by default.

    Returns
    -------
    LocalWorkspace
        With its ``url`` and ``token``.

    Raises
    ------
    ValueError
        If a token is empty, or there is no user.
    """
    users = {_new_token(): DEFAULT_USER} if users is None else users
    if not users or not all(users) or not all(users.values()):
        raise ValueError("users must map at least one token to a user; none may be empty.")
    return LocalWorkspace(home, unity, tracking_uri, users, name, own_store or tracking_uri).start()
