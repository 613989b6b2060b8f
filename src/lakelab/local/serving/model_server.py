"""Serve a model that looks up its features online: requests contain keys, answers take milliseconds.

The server is MLflow's own scoring server (``mlflow models serve``), in this process.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/automatic-feature-lookup
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from lakelab.local.catalog import conditions
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.feature_engineering.log_model import hide_artifact_progress
from lakelab.local.feature_engineering.packaged_model import PackagedModel
from lakelab.local.feature_engineering.score_batch import download_package
from lakelab.local.serving.online_model import OnlineModel, ServingError
from lakelab.local.system.http_server import LoopbackServer

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mlflow.pyfunc import PyFuncModel
    from starlette.types import Receive, Scope, Send

    from lakelab.local.online_store import OnlineStores
    from lakelab.local.system.home import Home

__all__ = ["LocalEndpoint", "ServingError", "serve"]


class LocalEndpoint:
    """An endpoint that serves a model on this machine.

    Parameters
    ----------
    model : OnlineModel

    Attributes
    ----------
    url : str
        Send requests to ``<url>/invocations``, with ``Authorization: Bearer <token>``.
    token : str
    model : OnlineModel
    """

    def __init__(self, model: OnlineModel):
        self.model = model
        self.token = f"local-{secrets.token_urlsafe(32)}"
        self._server = LoopbackServer("model server")
        self.url = self._server.url
        self._app = _scoring_app(model)
        self._server.start(self._with_token)

    async def _with_token(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse requests without the token. As plain ASGI, the check costs no time."""
        from starlette.datastructures import Headers
        from starlette.responses import JSONResponse

        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        known = secrets.compare_digest(given.strip().encode(), self.token.encode())
        if scheme.lower() == "bearer" and known:
            await self._app(scope, receive, send)
            return
        refusal = {
            "error_code": conditions.UNAUTHENTICATED,
            "message": "Invalid access token. Send Authorization: Bearer <token of the endpoint>.",
        }
        await JSONResponse(refusal, status_code=401)(scope, receive, send)

    def stop(self) -> None:
        """Stop the server. A second call does nothing."""
        self._server.stop()


def _scoring_app(model: OnlineModel) -> FastAPI:
    from mlflow.environment_variables import _MLFLOW_IS_IN_SERVING_ENVIRONMENT
    from mlflow.pyfunc import scoring_server

    variable = _MLFLOW_IS_IN_SERVING_ENVIRONMENT.name
    before = os.environ.get(variable)
    # the scoring server uses the schema and the predictions of its model only
    app: FastAPI = scoring_server.init(cast("PyFuncModel", model))
    # MLflow now regards the whole process as a server, but this process is a notebook's
    os.environ.pop(variable, None)
    if before is not None:
        os.environ[variable] = before
    return app


def serve(home: Home, stores: OnlineStores, model_uri: str) -> LocalEndpoint:
    """Serve a model until the process ends or the endpoint is stopped.

    The model is downloaded once: an alias that is set to another version later does not change the
    served model.

    Parameters
    ----------
    home : Home
    stores : OnlineStores
        The online tables with the features.
    model_uri : str
        ``models:/<name>/<version>``, ``models:/<name>@<alias>`` or ``runs:/<run_id>/<path>`` of a model
        that ``FeatureEngineeringClient.log_model`` logged.

    Returns
    -------
    LocalEndpoint

    Raises
    ------
    ValueError
        If the model does not exist, or was logged without features.
    ServingError
        If a feature table of the model is not published, or a function does not exist.
    """
    with TemporaryDirectory(dir=home.scratch) as folder, hide_artifact_progress():
        model = PackagedModel(download_package(model_uri, Path(folder)))
    functions = Functions(UnityCatalog(home.warehouse))
    return LocalEndpoint(OnlineModel(model, stores, functions))
