"""Requests contain keys; the model looks up its features online."""

from __future__ import annotations

import mlflow
import pandas as pd
import pytest

from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureFunction,
    FeatureLookup,
)
from lakelab.local.online_store import OnlineStores
from lakelab.local.serving.model_server import LocalEndpoint, ServingError, serve
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home

from .conftest import ask, predicted


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


def test_values_of_another_type_are_refused(endpoint: LocalEndpoint) -> None:
    row = {"origin": "EWR", "tailnum": "x", "hour": "seven"}
    refused = ask(endpoint, {"dataframe_records": [row]})
    assert refused.status_code == 400
    assert "'hour' are not of its type, bigint" in refused.json()["message"]
    refused = ask(endpoint, {"dataframe_records": [{**row, "hour": 7, "origin": 5}]})
    assert "5 is not a value of the key column 'origin'" in refused.json()["message"]


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
        for record, expected in (
            ({"cost": 3}, "lacks the lookup key(s) 'tailnum'"),
            ({"tailnum": "x"}, "'cost'"),
            ({"tailnum": "x", "cost": "much"}, "much"),
            ({"tailnum": "x", "cost": 3, "seats": 0}, "per_seat(cost=3.0, seats=0) failed"),
        ):
            answer = ask(served, {"dataframe_records": [record]})
            assert answer.status_code == 400
            assert expected in answer.text
    finally:
        served.stop()
    spark.sql("DROP FUNCTION per_seat")
    with pytest.raises(ServingError, match="per_seat' does not exist"):
        serve(home, stores, info.model_uri)
