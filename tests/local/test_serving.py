"""Serving with automatic lookup: keys in, predictions out, over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests

from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureFunction,
    FeatureLookup,
)
from lakelab.local.online_store import OnlineStores
from lakelab.local.serving.model_server import LocalEndpoint, ServingError, serve
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home

DAY = pd.Timestamp("2024-01-01")


class Seen(mlflow.pyfunc.PythonModel):
    """Predicts wind + 1000 x seats, and insists on columns and dtypes as in training."""

    def predict(self, context, model_input, params=None):  # MLflow warns of type hints
        assert list(model_input.columns) == ["hour", "wind", "sky", "seats"]
        assert model_input["wind"].dtype == np.float64
        assert model_input["hour"].dtype == np.int64
        whole = model_input["seats"].notna().all()
        assert model_input["seats"].dtype == (np.int64 if whole else np.float64)
        found = model_input["wind"].fillna(-1.0) + 1000 * model_input["seats"].fillna(0)
        return found.to_numpy()


@pytest.fixture
def stores(home: Home, spark: LocalSparkSession, monkeypatch) -> Iterator[OnlineStores]:
    monkeypatch.delenv("LAKELAB_ONLINE_STORE", raising=False)
    opened = OnlineStores(home, spark.unity)
    opened.create("serving", "CU_1")
    yield opened
    opened.delete("serving")
    opened.close()


@pytest.fixture
def model_uri(spark: LocalSparkSession, schema: str, experiment: str) -> str:
    """A model that looks up wind and sky by airport, and seats by plane."""
    fe = FeatureEngineeringClient()
    times = [DAY, DAY + pd.Timedelta(hours=2), DAY + pd.Timedelta(hours=1)]
    weather = pd.DataFrame(
        {
            "origin": ["JFK", "JFK", "EWR"],
            "ts": times,
            "wind": [5.0, None, 9.0],
            "sky": ["a", "b", "c"],
        }
    )
    planes = pd.DataFrame({"tailnum": ["x", "y"], "seats": [1, 2]})
    labels = pd.DataFrame(
        {"hour": [7], "origin": ["JFK"], "at": [DAY], "tailnum": ["x"], "late": [0.0]}
    )
    fe.create_table(
        name="weather", primary_keys=["origin", "ts"], timeseries_column="ts",
        df=spark.createDataFrame(weather),
    )  # fmt: skip
    fe.create_table(name="planes", primary_keys="tailnum", df=spark.createDataFrame(planes))
    training_set = fe.create_training_set(
        df=spark.createDataFrame(labels),
        feature_lookups=[
            FeatureLookup("weather", "origin", feature_names=["wind", "sky"], timestamp_lookup_key="at",
                          default_values={"sky": "blue"}),
            FeatureLookup("planes", "tailnum"),
        ],
        label="late",
        exclude_columns=["origin", "at", "tailnum"],
    )  # fmt: skip
    return fe.log_model(
        model=Seen(), artifact_path="model", flavor=mlflow.pyfunc, training_set=training_set
    ).model_uri


@pytest.fixture
def published(stores: OnlineStores, model_uri: str, schema: str) -> None:
    for table in ("weather", "planes"):
        stores.publish(f"{schema}.{table}", f"{schema}.{table}_online", "serving", "SNAPSHOT")


@pytest.fixture
def endpoint(
    home: Home, stores: OnlineStores, model_uri: str, published: None
) -> Iterator[LocalEndpoint]:
    served = serve(home, stores, model_uri)
    yield served
    served.stop()


def ask(endpoint: LocalEndpoint, body: Any, token: str | None = None) -> requests.Response:
    return requests.post(
        f"{endpoint.url}/invocations",
        json=body,
        headers={"Authorization": f"Bearer {token or endpoint.token}"},
        timeout=60,
    )


def predicted(endpoint: LocalEndpoint, *records: dict[str, Any]) -> list[float]:
    answer = ask(endpoint, {"dataframe_records": list(records)})
    assert answer.ok, answer.text
    return answer.json()["predictions"]


def test_keys_alone_are_enough(endpoint: LocalEndpoint) -> None:
    rows = [{"origin": o, "tailnum": t, "hour": 7} for o, t in (("EWR", "x"), ("JFK", "y"))]
    assert predicted(endpoint, *rows) == [1009.0, 1999.0]  # JFK's latest wind is null


def test_columns_of_the_request_override_lookups(endpoint: LocalEndpoint) -> None:
    row = {"origin": "EWR", "tailnum": "x", "hour": 7}
    assert predicted(endpoint, {**row, "wind": 3.0}) == [1003.0]
    assert predicted(endpoint, {**row, "seats": 5}) == [5009.0]
    # all features given: no key is needed
    assert predicted(endpoint, {"hour": 7, "wind": 1.0, "sky": "x", "seats": 3}) == [3001.0]


def test_unknown_and_missing_keys(endpoint: LocalEndpoint) -> None:
    assert predicted(endpoint, {"origin": "SWF", "tailnum": "z", "hour": 7}) == [-1.0]
    assert predicted(endpoint, {"origin": None, "tailnum": "x", "hour": 7}) == [999.0]
    refused = ask(endpoint, {"dataframe_records": [{"origin": "JFK", "hour": 7}]})
    assert refused.status_code == 400
    assert "lacks the lookup key(s) 'tailnum'" in refused.json()["message"]
    refused = ask(endpoint, {"dataframe_records": [{"origin": "JFK", "tailnum": "x"}]})
    assert "lacks 'hour', which the model needs" in refused.json()["message"]


def test_default_values_fill_what_is_not_found(endpoint: LocalEndpoint) -> None:
    rows = pd.DataFrame({"origin": ["SWF", "EWR"], "tailnum": ["x", "x"], "hour": [1, 2]})
    assert endpoint.model.with_features(rows)["sky"].tolist() == ["blue", "c"]


def test_a_new_publish_is_seen_by_the_next_request(
    endpoint: LocalEndpoint, spark: LocalSparkSession, stores: OnlineStores, schema: str
) -> None:
    row = {"origin": "EWR", "tailnum": "x", "hour": 7}
    spark.sql("UPDATE weather SET wind = 20 WHERE origin = 'EWR'")
    assert predicted(endpoint, row) == [1009.0]
    stores.publish(f"{schema}.weather", f"{schema}.weather_online", "serving", "SNAPSHOT")
    assert predicted(endpoint, row) == [1020.0]


def test_it_speaks_the_protocol_of_mlflow_models_serve(endpoint: LocalEndpoint) -> None:
    split = {"columns": ["origin", "tailnum", "hour"], "data": [["EWR", "x", 7]]}
    assert ask(endpoint, {"dataframe_split": split}).json() == {"predictions": [1009.0]}
    inputs = {"inputs": {"origin": ["EWR"], "tailnum": ["x"], "hour": [7]}}
    refused = ask(endpoint, inputs)  # named arrays, as MLflow reads them, are no rows
    assert refused.status_code == 400
    assert "dataframe_records" in refused.json()["message"]
    bearer = {"Authorization": f"Bearer {endpoint.token}"}
    for path, wanted in (("ping", "\n"), ("health", "\n"), ("version", mlflow.__version__)):
        answer = requests.get(f"{endpoint.url}/{path}", headers=bearer, timeout=60)
        assert (answer.status_code, answer.text) == (200, wanted)
    csv = requests.post(
        f"{endpoint.url}/invocations",
        data="origin,tailnum,hour\nEWR,x,7\n",
        headers={**bearer, "Content-Type": "text/csv"},
        timeout=60,
    )
    assert csv.json() == {"predictions": [1009.0]}


def test_values_of_another_type_are_refused(endpoint: LocalEndpoint) -> None:
    row = {"origin": "EWR", "tailnum": "x", "hour": "seven"}
    refused = ask(endpoint, {"dataframe_records": [row]})
    assert refused.status_code == 400
    assert "'hour' are not of its type, bigint" in refused.json()["message"]
    refused = ask(endpoint, {"dataframe_records": [{**row, "hour": 7, "origin": 5}]})
    assert "5 is not a value of the key column 'origin'" in refused.json()["message"]


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
    """MLflow's scoring server tells its whole process that it serves: other calls would differ."""
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
            name="plain", python_model=Seen(), pip_requirements=["mlflow"]
        )
    with pytest.raises(ValueError, match="logged without features"):
        serve(home, stores, plain.model_uri)


def test_features_that_functions_compute(
    home: Home, stores: OnlineStores, spark: LocalSparkSession, model_uri: str, schema: str
) -> None:
    class Delay(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):  # MLflow warns of type hints
            assert list(model_input.columns) == ["per_seat"]
            return model_input["per_seat"].to_numpy()

    spark.sql(
        "CREATE FUNCTION per_seat(cost DOUBLE, seats BIGINT) RETURNS DOUBLE LANGUAGE PYTHON "
        "AS $$ return None if seats is None else cost / seats $$"
    )
    fe = FeatureEngineeringClient()
    training_set = fe.create_training_set(
        df=spark.createDataFrame([("x", 1.0, 0.0)], "tailnum STRING, cost DOUBLE, late DOUBLE"),
        feature_lookups=[
            FeatureLookup("planes", "tailnum"),
            FeatureFunction(
                udf_name="per_seat",
                input_bindings={"seats": "seats", "cost": "cost"},
                output_name="per_seat",
            ),
        ],
        label="late",
        exclude_columns=["tailnum", "cost", "seats"],
    )
    info = fe.log_model(
        model=Delay(), artifact_path="model", flavor=mlflow.pyfunc, training_set=training_set
    )
    stores.publish(f"{schema}.planes", f"{schema}.planes_online", "serving", "SNAPSHOT")
    served = serve(home, stores, info.model_uri)
    try:
        assert predicted(served, {"tailnum": "y", "cost": 3}) == [1.5]
        assert predicted(served, {"tailnum": "y", "cost": 3, "per_seat": 7.0}) == [7.0]
        assert predicted(served, {"tailnum": "y", "cost": 3, "seats": 6}) == [0.5]
        for record, told in (
            ({"cost": 3}, "lacks the lookup key(s) 'tailnum'"),
            ({"tailnum": "x"}, "'cost'"),
            ({"tailnum": "x", "cost": "much"}, "much"),
            ({"tailnum": "x", "cost": 3, "seats": 0}, "per_seat(cost=3.0, seats=0) failed"),
        ):
            answer = ask(served, {"dataframe_records": [record]})
            assert answer.status_code == 400
            assert told in answer.text
    finally:
        served.stop()
    spark.sql("DROP FUNCTION per_seat")
    with pytest.raises(ServingError, match="per_seat' does not exist"):
        serve(home, stores, info.model_uri)
