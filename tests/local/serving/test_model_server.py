"""The HTTP server of a model: the protocol of MLflow, tokens, start and stop."""

from __future__ import annotations

import os

import mlflow
import pytest
import requests

from lakelab.local.online_store import OnlineStores
from lakelab.local.serving.model_server import LocalEndpoint, ServingError, serve
from lakelab.local.system.home import Home

from .conftest import WindAndSeats, ask


def test_it_speaks_the_protocol_of_mlflow_models_serve(endpoint: LocalEndpoint) -> None:
    split = {"columns": ["origin", "tailnum", "hour"], "data": [["EWR", "x", 7]]}
    assert ask(endpoint, {"dataframe_split": split}).json() == {"predictions": [1009.0]}
    inputs = {"inputs": {"origin": ["EWR"], "tailnum": ["x"], "hour": [7]}}
    refused = ask(endpoint, inputs)  # named arrays, as MLflow reads them, are no rows
    assert refused.status_code == 400
    assert "dataframe_records" in refused.json()["message"]
    bearer = {"Authorization": f"Bearer {endpoint.token}"}
    for path, expected in (("ping", "\n"), ("health", "\n"), ("version", mlflow.__version__)):
        answer = requests.get(f"{endpoint.url}/{path}", headers=bearer, timeout=60)
        assert (answer.status_code, answer.text) == (200, expected)
    csv = requests.post(
        f"{endpoint.url}/invocations",
        data="origin,tailnum,hour\nEWR,x,7\n",
        headers={**bearer, "Content-Type": "text/csv"},
        timeout=60,
    )
    assert csv.json() == {"predictions": [1009.0]}


def test_nobody_is_answered_without_the_token(endpoint: LocalEndpoint) -> None:
    row = {"dataframe_records": [{"origin": "EWR", "tailnum": "x", "hour": 7}]}
    for answer in (
        ask(endpoint, row, token="wrong"),
        requests.post(f"{endpoint.url}/invocations", json=row, timeout=60),
        requests.get(f"{endpoint.url}/ping", timeout=60),
    ):
        assert answer.status_code == 401
        assert answer.json()["error_code"] == "UNAUTHENTICATED"
    assert endpoint.url.startswith("http://127.0.0.1:")


def test_serving_leaves_the_process_a_notebook(endpoint: LocalEndpoint) -> None:
    """MLflow's scoring server marks its whole process as a server, which changes other calls."""
    assert "_MLFLOW_IS_IN_SERVING_ENVIRONMENT" not in os.environ


def test_a_stopped_endpoint_answers_nobody(
    home: Home, stores, model_uri: str, published: None
) -> None:
    served = serve(home, stores, model_uri)
    served.stop()
    served.stop()
    with pytest.raises(requests.ConnectionError):
        ask(served, {"dataframe_records": []})


def test_what_cannot_be_served(
    home: Home, stores: OnlineStores, model_uri: str, schema: str
) -> None:
    with pytest.raises(ServingError, match=rf"'{schema}.(planes|weather)' is not published"):
        serve(home, stores, model_uri)
    with pytest.raises(ValueError, match="Invalid model URI"):
        serve(home, stores, "flight_delay")
    with mlflow.start_run(nested=True):
        plain = mlflow.pyfunc.log_model(
            name="plain", python_model=WindAndSeats(), pip_requirements=["mlflow"]
        )
    with pytest.raises(ValueError, match="logged without features"):
        serve(home, stores, plain.model_uri)
