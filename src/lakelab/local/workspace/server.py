"""The HTTP server of the local workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.governance import DEFAULT_USER, Governance
from lakelab.local.catalog.model_files import ModelFiles
from lakelab.local.catalog.model_registry import ModelRegistry
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.home import Home
from lakelab.local.system.http_server import LoopbackServer
from lakelab.local.workspace.api import Call, Endpoint
from lakelab.local.workspace.catalog import CatalogApi
from lakelab.local.workspace.dbfs import UploadArea
from lakelab.local.workspace.file_transfers import FileTransfers
from lakelab.local.workspace.files import FilesApi
from lakelab.local.workspace.functions import FunctionsApi
from lakelab.local.workspace.grants import GrantsApi
from lakelab.local.workspace.model_service import ModelService
from lakelab.local.workspace.models import ModelsApi
from lakelab.local.workspace.online_stores import OnlineStoresApi
from lakelab.local.workspace.presigned_urls import PresignedUrls
from lakelab.local.workspace.rest import (
    authenticate,
    json_endpoint,
    json_response,
    with_json_errors,
)
from lakelab.local.workspace.sdk_models import SdkModelsApi
from lakelab.local.workspace.securables import Securables
from lakelab.local.workspace.tables import TablesApi
from lakelab.local.workspace.tokens import AccessTokens, new_token
from lakelab.local.workspace.user_folder import UserFolder
from lakelab.local.workspace.workspace_registry import WorkspaceRegistryApi
from lakelab.local.workspace.workspace_registry_store import WorkspaceRegistryStore


class LocalWorkspace:
    """A running local workspace.

    `start_workspace` makes one. It ends with the process, or with `stop`.

    Attributes
    ----------
    url : str
        The value of ``DATABRICKS_HOST``.
    token : str
        The value of ``DATABRICKS_TOKEN`` for the administrator.
    tracking_uri : str
        The MLflow store that holds the models.
    governance : Governance
        Owners, comments and grants. ``GRANT`` in SQL changes the same ones.
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
        self._tokens = AccessTokens(users)
        self.token = self._tokens.admin_token
        self.governance = Governance(home.workspace_state / "governance.json", self._tokens.admin)
        self._server = LoopbackServer("local workspace")
        self.url = self._server.url
        urls = PresignedUrls(f"{self.url}/presigned")
        # Unity Catalog, which all workspaces of a home share
        files = ModelFiles(home.workspace_state / "models")
        registry = ModelRegistry(tracking_uri, files, home.workspace_state / "registry.lock")
        securables = Securables(unity, self.governance, registry)
        models = ModelService(registry, securables)
        # the workspace's own registry
        folder = home.workspace(name)
        own_files, uploads = ModelFiles(folder / "models"), UploadArea(folder / "uploads")
        own_registry = WorkspaceRegistryStore(own_store, own_files, uploads, folder / "lock", name)
        for area in (files, own_files, uploads):
            area.remove_unfinished()
        self._online_stores = OnlineStoresApi(home, unity)
        endpoints = [
            *CatalogApi(securables).endpoints(),
            *TablesApi(securables).endpoints(),
            *GrantsApi(securables).endpoints(),
            *ModelsApi(models, urls).endpoints(),
            *SdkModelsApi(models).endpoints(),
            *FilesApi(models, urls).endpoints(),
            *FunctionsApi(securables).endpoints(),
            *self._online_stores.endpoints(),
            *WorkspaceRegistryApi(own_registry, urls).endpoints(),
            *uploads.endpoints(),
            *UserFolder(home.user_folder, DEFAULT_USER).endpoints(),
            ("GET", "/api/2.0/preview/scim/v2/Me", _current_user),
        ]
        transfers = FileTransfers(self._tokens, files, urls, uploads)
        self.app = self._starlette_app([*self._routes(endpoints), *transfers.routes()])

    def token_for(self, user: str) -> str:
        """Return a token of a user. The workspace accepts it from now on.

        Parameters
        ----------
        user : str
            The user's name, such as ``ana@example.com``. A user without any grant may do nothing.

        Returns
        -------
        str
            For ``WorkspaceClient(host=workspace.url, token=...)`` or ``DATABRICKS_TOKEN``.
        """
        return self._tokens.token_for(user)

    def add_endpoints(self, endpoints: Sequence[Endpoint]) -> None:
        """Serve more REST calls. They come before the workspace's own calls of the same path.

        Parameters
        ----------
        endpoints : sequence of Endpoint
            HTTP method, path and handler of each call.
        """
        self.app.router.routes[:0] = self._routes(endpoints)

    def start(self) -> LocalWorkspace:
        """Start the server, and return this workspace."""
        self._server.start(self.app)
        return self

    def stop(self) -> None:
        """Stop the server and free its port. A second call does nothing."""
        self._server.stop()
        self._online_stores.close()

    def __enter__(self) -> LocalWorkspace:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    # ---- routes ------------------------------------------------------------------------------
    def _routes(self, endpoints: Sequence[Endpoint]) -> list[Route]:
        return [
            Route(path, json_endpoint(handler, self._tokens), methods=[method])
            for method, path, handler in endpoints
        ]

    def _starlette_app(self, routes: list[Route]) -> Starlette:
        host_metadata = Route("/.well-known/databricks-config", self._host_metadata)
        # Without these handlers, Starlette answers unknown paths as text, which the clients retry
        app = Starlette(
            routes=[*routes, host_metadata],
            exception_handlers={404: self._unknown, 405: self._unknown},
        )
        # Otherwise Starlette redirects a path with one slash too many: no JSON, and no token check
        app.router.redirect_slashes = False
        return app

    async def _unknown(self, request: Request, error: Exception) -> Response:
        async def refuse(request: Request) -> Response:
            authenticate(request, self._tokens)
            raise ApiError(
                conditions.ENDPOINT_NOT_FOUND,
                f"No API found for '{request.method} {request.url.path}' in the local workspace. It "
                "may exist on Databricks.",
            )

        return await with_json_errors(refuse)(request)

    async def _host_metadata(self, request: Request) -> Response:
        """Answer databricks-sdk, which requests the kind of host before it has a token."""
        return json_response({"oidc_endpoint": f"{self.url}/oidc", "workspace_id": "0"})


def _current_user(call: Call) -> dict[str, Any]:
    return {
        "id": "1",
        "userName": call.user,
        "displayName": call.user.partition("@")[0],
        "active": True,
        "emails": [{"value": call.user, "primary": True}],
    }


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

    The start takes a fraction of a second: MLflow is not imported before a call needs it.

    Parameters
    ----------
    home : Home
        Local state with model files and grants; several processes may share it.
    unity : UnityCatalog
        The tables.
    tracking_uri : str
        The MLflow store for the models: ``sqlite:///...`` or the URL of an ``mlflow server``.
    users : mapping of str to str, optional
        Tokens and their users. The first user is the administrator, who owns everything and may do
        everything. By default there is one user, with a new random token.
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
    users = {new_token(): DEFAULT_USER} if users is None else users
    if not users or not all(users) or not all(users.values()):
        raise ValueError("users must map at least one token to a user; none may be empty.")
    return LocalWorkspace(home, unity, tracking_uri, users, name, own_store or tracking_uri).start()
