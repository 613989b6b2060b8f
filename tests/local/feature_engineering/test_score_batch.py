"""score_batch: lookup of the features, predictions, and errors."""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup, score_batch
from lakelab.local.feature_engineering.training_set import TrainingSet
from lakelab.local.spark.results import as_dataframe
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient
pytestmark = pytest.mark.usefixtures("experiment")


class Formula(mlflow.pyfunc.PythonModel):
    """A model with known predictions: a base plus 1000 x wind + seats."""

    def __init__(self, base: float):
        self.base = base

    def predict(self, context, model_input, params=None):  # MLflow warns of type hints
        assert list(model_input.columns) == ["flight", "wind", "sky", "seats"]
        return self.base + 1000 * model_input["wind"].fillna(0) + model_input["seats"].fillna(0)


@pytest.fixture
def training_set(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame
) -> TrainingSet:
    return fe.create_training_set(
        df=flights,
        feature_lookups=[
            FeatureLookup(
                "weather", "origin", feature_names=["wind", "sky"], timestamp_lookup_key="at"
            ),
            FeatureLookup("planes", "tailnum"),
        ],
        label="late",
        exclude_columns=["origin", "at", "tailnum"],
    )


@pytest.fixture
def name(schema: str) -> str:
    return f"{schema}.delay"


@pytest.fixture
def logged(fe: Client, training_set: TrainingSet, name: str) -> Any:
    """The result of log_model for version 1 of the model, with base 0."""
    return log(fe, training_set, 0, name)


def log(fe: Client, training_set: TrainingSet, base: float, name: str) -> Any:
    with mlflow.start_run():
        return fe.log_model(
            model=Formula(base),
            artifact_path="model",
            flavor=mlflow.pyfunc,
            training_set=training_set,
            registered_model_name=name,
        )


def predictions(df: DataFrame) -> list[Any]:
    return [row["prediction"] for row in df.collect()]


EXPECTED = [5100.0, 200.0, 0.0, 100.0]
"""1000 x wind (5, null, none, none) + seats (100, 200, none, 100)."""


def test_scoring_needs_only_the_keys(
    fe: Client, logged: Any, name: str, flights: DataFrame
) -> None:
    keys = flights.drop("late").withColumn("note", F.lit("kept"))
    scored = fe.score_batch(model_uri=f"models:/{name}/1", df=keys)
    assert scored.dtypes == [
        *keys.dtypes,
        ("wind", "double"),
        ("sky", "string"),
        ("seats", "bigint"),
        ("prediction", "double"),
    ]
    assert predictions(scored) == EXPECTED
    assert scored.select(*keys.columns).collect() == keys.collect()


def test_every_kind_of_uri(fe: Client, logged: Any, name: str, flights: DataFrame) -> None:
    MlflowClient().set_registered_model_alias(name, "Champion", "1")
    for uri in (
        f"models:/{name}/1",
        f"models:/{name}@Champion",
        f"runs:/{logged.run_id}/model",
        logged.model_uri,
    ):
        assert predictions(fe.score_batch(model_uri=uri, df=flights)) == EXPECTED


def test_an_alias_resolves_to_its_current_version(
    fe: Client, training_set: TrainingSet, logged: Any, name: str, flights: DataFrame
) -> None:
    log(fe, training_set, 0.5, name)
    client, uri = MlflowClient(), f"models:/{name}@Champion"
    for version in ("1", "2", "1"):
        client.set_registered_model_alias(name, "Champion", version)
        base = {"1": 0.0, "2": 0.5}[version]
        assert predictions(fe.score_batch(model_uri=uri, df=flights))[2] == base


def test_a_model_that_was_created_again_is_downloaded_again(
    fe: Client, training_set: TrainingSet, logged: Any, name: str, flights: DataFrame
) -> None:
    fe.score_batch(model_uri=f"models:/{name}/1", df=flights)
    MlflowClient().delete_registered_model(name)
    log(fe, training_set, 7, name)
    assert predictions(fe.score_batch(model_uri=f"models:/{name}/1", df=flights))[2] == 7.0


def test_columns_of_the_dataframe_replace_lookups(
    fe: Client, logged: Any, name: str, flights: DataFrame
) -> None:
    scored = fe.score_batch(
        model_uri=f"models:/{name}/1", df=flights.withColumn("wind", F.lit(1.0))
    )
    assert predictions(scored) == [1100.0, 1200.0, 1000.0, 1100.0]
    assert scored.columns == [*flights.columns, "wind", "sky", "seats", "prediction"]


def test_scoring_reads_the_current_values_of_the_tables(
    fe: Client, spark: LocalSparkSession, logged: Any, name: str, flights: DataFrame
) -> None:
    fe.write_table(
        name="planes", df=spark.createDataFrame([("a", 1)], "tailnum STRING, seats BIGINT")
    )
    assert predictions(fe.score_batch(model_uri=f"models:/{name}/1", df=flights))[3] == 1.0


def test_short_table_names_are_valid_in_another_schema(
    fe: Client, spark: LocalSparkSession, logged: Any, name: str, flights: DataFrame
) -> None:
    spark.sql("USE dev.default")
    assert predictions(fe.score_batch(model_uri=f"models:/{name}/1", df=flights)) == EXPECTED


def test_no_rows(fe: Client, logged: Any, name: str, flights: DataFrame) -> None:
    scored = fe.score_batch(model_uri=f"models:/{name}/1", df=flights.limit(0))
    assert (scored.count(), dict(scored.dtypes)["prediction"]) == (0, "double")


def test_large_inputs_are_scored_in_batches(
    fe: Client, logged: Any, name: str, flights: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_batch, "BATCH_ROWS", 3)
    assert predictions(fe.score_batch(model_uri=f"models:/{name}/1", df=flights)) == EXPECTED


def test_a_table_that_was_created_again_gives_a_warning(
    fe: Client,
    spark: LocalSparkSession,
    logged: Any,
    name: str,
    flights: DataFrame,
    planes: DataFrame,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fe.drop_table(name="planes")
    fe.create_table(name="planes", primary_keys="tailnum", df=planes)
    assert predictions(fe.score_batch(model_uri=f"models:/{name}/1", df=flights)) == EXPECTED
    assert "dropped and created again" in caplog.text


def test_strings_and_nulls_are_the_same_as_in_training(
    fe: Client, training_set: TrainingSet, flights: DataFrame
) -> None:
    data = training_set.load_df().toPandas()
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["sky"])),
        LinearRegression(),
    ).fit(data.drop(columns="late"), data["late"])
    with mlflow.start_run():
        info = fe.log_model(
            model=model, artifact_path="m", flavor=mlflow.sklearn, training_set=training_set
        )
    expected = model.predict(data.drop(columns="late"))
    assert np.allclose(predictions(fe.score_batch(model_uri=info.model_uri, df=flights)), expected)


def test_scoring_equals_an_explicit_join(fe: Client, spark: LocalSparkSession) -> None:
    rng = np.random.default_rng(3)
    start = pd.Timestamp("2024-01-01")
    history = pd.DataFrame(
        {
            "k": np.repeat(np.arange(20), 30),
            "ts": np.tile(pd.date_range(start, periods=30, freq="h"), 20),
            "x": rng.normal(size=600),
        }
    )
    rows = pd.DataFrame(
        {
            "i": np.arange(3000),
            "k": rng.integers(0, 22, 3000),
            "at": start + pd.to_timedelta(rng.integers(-60, 1900, 3000), unit="min"),
            "y": rng.normal(size=3000),
        }
    )
    fe.create_table(
        name="h",
        primary_keys=["k", "ts"],
        timeseries_column="ts",
        df=spark.createDataFrame(history),
    )
    df = spark.createDataFrame(rows)
    made = fe.create_training_set(
        df=df,
        feature_lookups=[
            FeatureLookup("h", "k", timestamp_lookup_key="at", default_values={"x": 0.0})
        ],
        label="y",
        exclude_columns=["i", "k", "at"],
    )
    data = made.load_df().toPandas()
    model = LinearRegression().fit(data[["x"]], data["y"])
    with mlflow.start_run():
        info = fe.log_model(
            model=model, artifact_path="m", flavor=mlflow.sklearn, training_set=made
        )
    joined = pd.merge_asof(
        rows.sort_values("at"), history.sort_values("ts"), left_on="at", right_on="ts", by="k"
    ).sort_values("i")
    expected = model.predict(joined[["x"]].fillna(0.0))
    scored = fe.score_batch(model_uri=info.model_uri, df=df.drop("y")).toPandas()
    assert scored["i"].tolist() == rows["i"].tolist()
    assert np.allclose(scored["prediction"], expected)


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "unknown version": ({"model_uri": "models:/{name}/99"}, ValueError, "/99"),
    "unknown alias": ({"model_uri": "models:/{name}@Nobody"}, ValueError, "Nobody"),
    "unknown model": ({"model_uri": "models:/main.a.nope/1"}, ValueError, "nope"),
    "unknown run": ({"model_uri": "runs:/0123456789abcdef0123456789abcdef/model"}, ValueError, "0123456789abcdef"),
    "no URI": ({"model_uri": "{name}"}, ValueError, "Invalid model URI"),
    "None": ({"model_uri": None}, ValueError, "Invalid model URI 'None'"),
    "other environment": ({"env_manager": "conda"}, NotImplementedError, "conda"),
    "unknown result type": ({"result_type": "number"}, ValueError, "'number'"),
    "result type that does not fit": ({"result_type": "boolean"}, MlflowException, "boolean"),
    "pandas": ({"df": pd.DataFrame({"k": [1]})}, ValueError, "createDataFrame"),
    "unknown argument": ({"result": "double"}, TypeError, "result"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_arguments_raise(
    fe: Client, logged: Any, name: str, flights: DataFrame, case: str
) -> None:
    change, error, names = REFUSED[case]
    arguments = {"model_uri": "models:/{name}/1", "df": flights, **change}
    if isinstance(arguments["model_uri"], str):
        arguments["model_uri"] = arguments["model_uri"].format(name=name)
    with pytest.raises(error, match=names):
        fe.score_batch(**arguments)


def test_invalid_rows_raise(
    fe: Client, spark: LocalSparkSession, logged: Any, name: str, flights: DataFrame
) -> None:
    uri = f"models:/{name}/1"
    for df, names in [
        (flights.drop("tailnum"), "missing required columns 'tailnum'"),
        (flights.drop("at", "flight"), "missing required columns 'flight', 'at'"),
        (flights.withColumn("prediction", F.lit(0)), "'prediction'"),
        (flights.select("*", flights["flight"]), "column names 'flight'"),
        (flights.withColumn("tailnum", F.lit(1)), "'tailnum' has type 'int'"),
        (spark.readStream.format("rate").load(), "Streaming"),
    ]:
        with pytest.raises(ValueError, match=names):
            fe.score_batch(model_uri=uri, df=df)


def test_a_model_logged_without_features(fe: Client, flights: DataFrame) -> None:
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="m", python_model=Formula(0), pip_requirements=["mlflow"]
        )
    with pytest.raises(ValueError, match=r"without features.*log_model"):
        fe.score_batch(model_uri=info.model_uri, df=flights)


def test_a_dropped_feature_table_raises(
    fe: Client, logged: Any, name: str, flights: DataFrame
) -> None:
    fe.drop_table(name="weather")
    with pytest.raises(ValueError, match=r"weather' could not be found"):
        fe.score_batch(model_uri=f"models:/{name}/1", df=flights)


def test_a_dropped_feature_raises(
    fe: Client, spark: LocalSparkSession, logged: Any, name: str, flights: DataFrame
) -> None:
    fe.drop_table(name="planes")
    other = spark.createDataFrame([("a", 1)], "tailnum STRING, wings INT")
    fe.create_table(name="planes", primary_keys="tailnum", df=other)
    with pytest.raises(ValueError, match="'seats'"):
        fe.score_batch(model_uri=f"models:/{name}/1", df=flights)


def test_the_client_accepts_the_uri_of_the_registry(
    fe: Client, logged: Any, name: str, flights: DataFrame, home: Any
) -> None:
    mlflow.set_registry_uri("http://127.0.0.1:9")
    client = FeatureEngineeringClient(model_registry_uri=home.mlflow_uri)
    assert predictions(client.score_batch(model_uri=f"models:/{name}/1", df=flights)) == EXPECTED


NUMBERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64()]


@pytest.mark.parametrize("values", [[1, 2], [1, None], [None, None], []], ids=str)
def test_numbers_have_the_dtypes_that_spark_gives(spark: LocalSparkSession, values: list) -> None:
    columns = {str(kind): pa.array(values, kind) for kind in NUMBERS}
    if values:
        columns["nan"] = pa.array([float("nan"), None])
    rows = pa.table(columns)
    pd.testing.assert_frame_equal(
        score_batch.to_pandas(spark, rows), as_dataframe(spark, rows).toPandas()
    )


def test_spark_converts_all_other_types(spark: LocalSparkSession) -> None:
    rows = pa.table(
        {
            "flag": [True, None],
            "day": pa.array([0, None], pa.date32()),
            "at": pa.array([0, None], pa.timestamp("us", "UTC")),
            "text": ["a", None],
            "exact": pa.array([1, None], pa.decimal128(9, 2)),
        }
    )
    given = score_batch.to_pandas(spark, rows)
    pd.testing.assert_frame_equal(given, as_dataframe(spark, rows).toPandas())
    assert given["at"].dt.tz is None
