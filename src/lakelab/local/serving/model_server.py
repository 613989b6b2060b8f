"""Serve a model that looks its features up online: requests bring keys, and answers come in milliseconds.

The server is MLflow's own scoring server (``mlflow models serve``), in this process. The model behind it
gets its features from the online tables, and from Python functions of Unity Catalog; a feature that the
request brings along is taken from there.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/automatic-feature-lookup
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from pyspark.errors import PythonException

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.functions import Functions, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.feature_engineering.add_features import parse_default_value
from lakelab.local.feature_engineering.feature_spec import (
    Column,
    FeatureColumn,
    FeatureSpec,
    OnDemandColumn,
)
from lakelab.local.feature_engineering.log_model import hide_artifact_progress
from lakelab.local.feature_engineering.packaged_model import PackagedModel
from lakelab.local.feature_engineering.score_batch import download_package
from lakelab.local.feature_engineering.validation import quoted
from lakelab.local.system.http_server import LoopbackServer
from lakelab.local.udf.casts import cast_to
from lakelab.local.udf.python_body import PythonFunction

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mlflow.pyfunc import PyFuncModel
    from starlette.types import Receive, Scope, Send

    from lakelab.local.online_store import OnlineStores, OnlineTable
    from lakelab.local.system.home import Home

_DTYPES = {
    "tinyint": "int8",
    "smallint": "int16",
    "int": "int32",
    "bigint": "int64",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "timestamp": "datetime64[ns]",
    "timestamp_ntz": "datetime64[ns]",
}
"""Spark type -> dtype in the DataFrame that the model was trained on."""


class ServingError(Exception):
    """The model cannot be served; the message says what to do."""


class OnlineModel:
    """A model with its features from the online store, as MLflow's scoring server takes one.

    Parameters
    ----------
    model : PackagedModel
        What ``FeatureEngineeringClient.log_model`` logged.
    stores : OnlineStores
    functions : Functions
        Those that the model's features are computed with, as they are now.

    Raises
    ------
    ServingError
        If a feature table of the model is not published, a feature is not online, or a function is gone.
    """

    def __init__(self, model: PackagedModel, stores: OnlineStores, functions: Functions):
        self._model = model
        self._functions = {name: _function(functions, name) for name in model.spec.functions}
        self._tables = {told.name: _open(stores, told.name) for told in model.spec.tables}
        self.metadata = _NoSchema()

    @property
    def spec(self) -> FeatureSpec:
        return self._model.spec

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Look up what the rows lack, and predict.

        Parameters
        ----------
        model_input : pandas.DataFrame
            The lookup keys and what else comes with the rows; features as columns, where they are not
            to be looked up.
        params : dict, optional
            Inference parameters.

        Raises
        ------
        mlflow.exceptions.MlflowException
            If a column is missing, or has values that are not of its type.
        """
        return self._model.predict_raw(self.with_features(model_input), params)

    def with_features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give exactly what the model is asked with: looked up, filled and typed, in its order."""
        from mlflow.exceptions import MlflowException

        if not isinstance(rows, pd.DataFrame):
            raise MlflowException.invalid_parameter_value(
                'Give rows with named columns: {"dataframe_records": [{...}]}.'
            )
        try:
            values = self._looked_up(
                {name: rows[name].tolist() for name in rows.columns}, len(rows)
            )
            return pd.DataFrame(
                {
                    column.name: _as_trained(values[column.name], column)
                    for column in self.spec.columns
                    if column.include
                },
                index=rows.index,
            )
        except (ValueError, TypeError, OverflowError, PythonException) as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def _looked_up(self, values: dict[str, list[Any]], rows: int) -> dict[str, list[Any]]:
        pending = [column for column in self.spec.derived_columns if column.name not in values]
        while pending:
            ready = [c for c in pending if set(_inputs(c)) <= set(values)]
            if not ready:
                missing = {name for c in pending for name in _inputs(c)} - set(values)
                missing -= {column.name for column in pending}
                raise ValueError(
                    f"The request lacks the lookup key(s) {quoted(sorted(missing))}. "
                    f"It has: {', '.join(values)}."
                )
            found: dict[tuple[str, tuple[str, ...]], list[dict[str, Any] | None]] = {}
            for column in ready:
                if isinstance(column, OnDemandColumn):
                    values[column.name] = _computed(
                        column, self._functions[column.udf_name], values, rows
                    )
                    continue
                group = column.table_name, column.lookup_key
                if group not in found:
                    keys = zip(*(values[key] for key in column.lookup_key), strict=True)
                    found[group] = self._tables[column.table_name].lookup_many(keys)
                values[column.name] = _feature(column, found[group])
            pending = [column for column in pending if column not in ready]
        missing = {column.name for column in self.spec.columns if column.include} - set(values)
        if missing:
            raise ValueError(
                f"The request lacks {quoted(sorted(missing))}, which the model needs and which is in "
                f"no feature table. It has: {', '.join(values)}."
            )
        return values


class _NoSchema:
    """In place of the signature: which columns a request must have, the lookups decide."""

    def get_input_schema(self) -> None:
        return None

    def get_params_schema(self) -> None:
        return None


def _open(stores: OnlineStores, feature_table: str) -> OnlineTable:
    name = stores.online_table_of(feature_table)
    if name is None:
        raise ServingError(
            f"Feature table '{feature_table}' is not published to an online store, so its features "
            f"cannot be looked up. Publish it first: FeatureEngineeringClient().publish_table("
            f"online_store=..., source_table_name='{feature_table}', online_table_name=...)."
        )
    return stores.table(name)


def _function(functions: Functions, name: str) -> UnityFunction:
    try:
        return functions.get(TableName.parse(name))
    except NotFoundError as error:
        raise ServingError(f"{error} The model computes a feature with it.") from error


def _inputs(column: FeatureColumn | OnDemandColumn) -> tuple[str, ...]:
    # online there is the latest row only: no time is asked for
    return column.lookup_key if isinstance(column, FeatureColumn) else column.inputs


def _computed(
    column: OnDemandColumn, function: UnityFunction, values: dict[str, list[Any]], rows: int
) -> list[Any]:
    """Compute a feature row by row; what JSON has no type for is read as the parameter's type."""
    bound, call = dict(column.input_bindings), PythonFunction(function)
    columns = []
    for parameter in function.parameters:
        cast = cast_to(parameter.data_type)
        given = values[bound[parameter.name]]
        columns.append([None if v is None or v != v else cast(v) for v in given])
    return [call(*given) for given in (zip(*columns, strict=True) if columns else ((),) * rows)]


def _feature(column: FeatureColumn, rows: list[dict[str, Any] | None]) -> list[Any]:
    for row in rows:
        if row is not None and column.feature_name not in row:
            raise ValueError(
                f"Feature '{column.feature_name}' of '{column.table_name}' is not online. Publish the "
                f"table again."
            )
    values = [None if row is None else row[column.feature_name] for row in rows]
    if column.default_value is None:
        return values
    default = parse_default_value(column.default_value, column.data_type)
    return [default if value is None or value != value else value for value in values]


def _as_trained(values: list[Any], column: Column) -> np.ndarray[Any, Any]:
    """Give a column the dtype that it had in training; whole numbers with gaps become floats there."""
    dtype = _DTYPES.get(column.data_type, "object")
    if dtype != "object" and any(value is None or value != value for value in values):
        dtype = "float64" if "int" in dtype else "object" if dtype == "bool" else dtype
    try:
        if dtype == "datetime64[ns]":
            return pd.to_datetime(pd.Series(values)).to_numpy(dtype)
        array = np.empty(len(values), dtype)
        array[:] = values
        return array
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"The values of '{column.name}' are not of its type, {column.data_type}: {error}"
        ) from error


# ---- the server -------------------------------------------------------------------------------------
class LocalEndpoint:
    """A model being served on this machine.

    Attributes
    ----------
    url : str
        Post requests to ``<url>/invocations``, with ``Authorization: Bearer <token>``.
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
        """Let only those in who have the token: plain ASGI, which costs nothing."""
        from starlette.datastructures import Headers
        from starlette.responses import JSONResponse

        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        known = secrets.compare_digest(given.strip().encode(), self.token.encode())
        if scheme.lower() == "bearer" and known:
            await self._app(scope, receive, send)
            return
        refusal = {
            "error_code": "UNAUTHENTICATED",
            "message": "Invalid access token. Send Authorization: Bearer <token of the endpoint>.",
        }
        await JSONResponse(refusal, status_code=401)(scope, receive, send)

    def stop(self) -> None:
        """End the server. A second call does nothing."""
        self._server.stop()


def _scoring_app(model: OnlineModel) -> FastAPI:
    from mlflow.environment_variables import _MLFLOW_IS_IN_SERVING_ENVIRONMENT
    from mlflow.pyfunc import scoring_server

    variable = _MLFLOW_IS_IN_SERVING_ENVIRONMENT.name
    before = os.environ.get(variable)
    # the scoring server uses the schema and the predictions of its model only
    app: FastAPI = scoring_server.init(cast("PyFuncModel", model))
    # MLflow takes the whole process for a server now, and this one is a notebook's
    os.environ.pop(variable, None)
    if before is not None:
        os.environ[variable] = before
    return app


def serve(home: Home, stores: OnlineStores, model_uri: str) -> LocalEndpoint:
    """Serve a model from now on, until the process ends or the endpoint is stopped.

    The model is fetched once: an alias that moves later does not change what is served.

    Parameters
    ----------
    home : Home
    stores : OnlineStores
        Where the features are.
    model_uri : str
        ``models:/<name>/<version>``, ``models:/<name>@<alias>`` or ``runs:/<run_id>/<path>`` of a model
        that ``FeatureEngineeringClient.log_model`` logged.

    Returns
    -------
    LocalEndpoint

    Raises
    ------
    ValueError
        If there is no such model, or it was logged without features.
    ServingError
        If a feature table of the model is not published, or a function is gone.
    """
    with TemporaryDirectory(dir=home.scratch) as folder, hide_artifact_progress():
        model = PackagedModel(download_package(model_uri, Path(folder)))
    functions = Functions(UnityCatalog(home.warehouse))
    return LocalEndpoint(OnlineModel(model, stores, functions))
