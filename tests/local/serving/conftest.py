"""A served model with its features in an online store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests

from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureLookup,
)
from lakelab.local.online_store import OnlineStores
from lakelab.local.serving.model_server import LocalEndpoint, serve
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home

DAY = pd.Timestamp("2024-01-01")


class WindAndSeats(mlflow.pyfunc.PythonModel):
    """Predicts wind + 1000 x seats, and checks that columns and dtypes are those of the training."""

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
        model=WindAndSeats(), artifact_path="model", flavor=mlflow.pyfunc, training_set=training_set
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
