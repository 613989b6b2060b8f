"""Feature specs in Unity Catalog: their content, their training sets, and errors."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import yaml
from databricks.sdk.errors import AlreadyExists, NotFound
from mlflow import MlflowClient
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from lakelab.local.catalog.functions import FEATURE_SPEC, Functions
from lakelab.local.catalog.securable import Securable
from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureFunction,
    FeatureLookup,
)
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient
HALF = FeatureFunction(udf_name="half", input_bindings={"x": "seats"}, output_name="half")
PLANES = FeatureLookup("planes", "tailnum")


def weather_lookup(**options: Any) -> FeatureLookup:
    return FeatureLookup("weather", "origin", timestamp_lookup_key="at", **options)


@pytest.fixture
def half(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(
        "CREATE FUNCTION half(x BIGINT) RETURNS DOUBLE LANGUAGE PYTHON "
        "AS $$ return None if x is None else x / 2 $$"
    )


@pytest.fixture
def spec(fe: Client, half: None, planes: DataFrame, schema: str) -> str:
    """The feature spec `plane`: half of the seats; the seats themselves are excluded."""
    fe.create_feature_spec(name="plane", features=[PLANES, HALF], exclude_columns=["seats"])
    return f"{schema}.plane"


def stored_spec(spark: LocalSparkSession, name: str) -> dict[str, Any]:
    function = Functions(spark.unity).get(spark.resolve(name))
    assert function.language == FEATURE_SPEC
    content: dict[str, Any] = yaml.safe_load(function.body)
    return content


# ---- content --------------------------------------------------------------------------------------------
def test_a_feature_spec_is_stored_as_a_function(
    fe: Client, spark: LocalSparkSession, half: None, planes: DataFrame, schema: str
) -> None:
    info = fe.create_feature_spec(name="Plane", features=[HALF, PLANES], exclude_columns="seats")
    assert (info.name, info.creator) == (f"{schema}.plane", spark.user)
    age = pd.Timestamp.now("UTC") - pd.Timestamp(info.creation_timestamp_ms, unit="ms", tz="UTC")
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=5)
    content = stored_spec(spark, "plane")
    assert content["input_columns"] == [
        {"tailnum": {"data_type": "string", "topological_ordering": 0, "source": "training_data"}},
        {
            "seats": {
                "table_name": f"{schema}.planes",
                "feature_name": "seats",
                "lookup_key": ["tailnum"],
                "data_type": "bigint",
                "include": False,
                "topological_ordering": 1,
                "source": "feature_store",
            }
        },
        {
            "half": {
                "udf_name": f"{schema}.half",
                "input_bindings": {"x": "seats"},
                "data_type": "double",
                "topological_ordering": 2,
                "source": "on_demand_feature",
            }
        },
    ]
    assert content["input_functions"] == [{f"{schema}.half": {}}]
    lines = [row[0] for row in spark.sql("DESCRIBE FUNCTION EXTENDED plane").collect()]
    assert "Language:      FEATURE_SPEC" in lines
    assert spark.sql("SHOW USER FUNCTIONS LIKE 'plane'").collect() == [(f"{schema}.plane",)]


def test_the_rows_must_have_keys_and_inputs_that_are_not_derived(
    fe: Client, spark: LocalSparkSession, half: None, weather: DataFrame
) -> None:
    of_rows = FeatureFunction(udf_name="half", input_bindings={"x": "delay"}, output_name="half")
    window = datetime.timedelta(hours=2)
    fe.create_feature_spec(name="s", features=[weather_lookup(lookback_window=window), of_rows])
    sources = {
        name: column["data_type"]
        for item in stored_spec(spark, "s")["input_columns"]
        for name, column in item.items()
        if column["source"] == "training_data"
    }
    assert sources == {"origin": "string", "at": "timestamp", "delay": "bigint"}
    assert (
        next(iter(stored_spec(spark, "s")["input_tables"][0].values()))["lookback_window"] == 7200.0
    )


# ---- training sets ---------------------------------------------------------------------------------------
def test_a_training_set(fe: Client, spec: str, flights: DataFrame) -> None:
    made = fe.create_training_set(df=flights, feature_spec=spec, label="late")
    df = made.load_df()
    assert df.columns == ["flight", "origin", "at", "tailnum", "half", "late"]
    assert df.toPandas()["half"].fillna(0).tolist() == [50.0, 100.0, 0.0, 50.0]


def test_columns_can_be_excluded(fe: Client, spec: str, flights: DataFrame) -> None:
    made = fe.create_training_set(
        df=flights, feature_spec="plane", label=["late", "flight"], exclude_columns="origin"
    )
    assert made.load_df().columns == ["at", "tailnum", "half", "late", "flight"]
    without = fe.create_training_set(
        df=flights, feature_spec=spec, label=None, exclude_columns=["half"]
    )
    assert without.load_df().columns == ["flight", "origin", "at", "tailnum", "late"]
    # with a spec, the inputs of a feature cannot be excluded, as in the official client
    with pytest.raises(ValueError, match="Input columns 'tailnum' required"):
        fe.create_training_set(
            df=flights, feature_spec=spec, label="late", exclude_columns=["tailnum"]
        )


def test_a_training_set_reads_the_current_version_of_the_table(
    fe: Client, spark: LocalSparkSession, spec: str, flights: DataFrame
) -> None:
    rows = spark.createDataFrame([("a", 10)], "tailnum STRING, seats BIGINT")
    fe.write_table(name="planes", df=rows)
    made = fe.create_training_set(df=flights, feature_spec=spec, label="late")
    assert made.load_df().toPandas()["half"][0] == 5.0
    assert made.feature_spec.tables[0].version == 2


def test_a_spec_gives_the_same_rows_as_its_lookups(
    fe: Client, weather: DataFrame, planes: DataFrame, half: None, flights: DataFrame
) -> None:
    features = [
        weather_lookup(
            rename_outputs={"sky": "seen"},
            lookback_window=datetime.timedelta(hours=1),
            default_values={"seen": "?"},
        ),
        PLANES,
        HALF,
    ]
    fe.create_feature_spec(name="s", features=features)
    of_spec, of_lookups = (
        fe.create_training_set(df=flights, label="late", **given)
        for given in ({"feature_spec": "s"}, {"feature_lookups": features})
    )
    assert of_spec.feature_spec == of_lookups.feature_spec
    pd.testing.assert_frame_equal(of_spec.load_df().toPandas(), of_lookups.load_df().toPandas())


class Half:
    """A model that returns its only feature."""

    def predict(self, inputs: pd.DataFrame) -> pd.Series:
        return inputs["half"]


def test_a_model_has_the_requirements_of_its_functions(
    fe: Client,
    half: None,
    planes: DataFrame,
    flights: DataFrame,
    experiment: str,
    schema: str,
    tmp_path: Path,
) -> None:
    fe.create_feature_spec(
        name="s",
        features=[PLANES, HALF],
        exclude_columns=["seats"],
        extra_pip_requirements=["geopy>=2", "tqdm"],
    )
    made = fe.create_training_set(
        df=flights.select("tailnum", "late"), feature_spec="s", label="late"
    )
    with mlflow.start_run():
        info = fe.log_model(
            model=Half(),
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=made,
            extra_pip_requirements=["tqdm", "rich"],
            registered_model_name=f"{schema}.m",
        )
    folder = mlflow.artifacts.download_artifacts(info.model_uri, dst_path=str(tmp_path))
    lines = (Path(folder) / "requirements.txt").read_text(encoding="utf-8").split()
    assert [lines.count(name) for name in ("geopy>=2", "tqdm", "rich")] == [1, 1, 1]
    scored = fe.score_batch(model_uri=f"models:/{schema}.m/1", df=flights.select("tailnum"))
    assert scored.columns == ["tailnum", "half", "prediction"]
    assert scored.toPandas()["prediction"].fillna(0).tolist() == [50.0, 100.0, 0.0, 50.0]
    assert MlflowClient().get_registered_model(f"{schema}.m").name == f"{schema}.m"
    with pytest.raises(AlreadyExists, match="registered model"):
        fe.create_feature_spec(name="m", features=[PLANES])


# ---- update, delete, errors --------------------------------------------------------------------------------
def test_the_owner_is_changed_and_the_spec_is_deleted(
    fe: Client, spark: LocalSparkSession, spec: str, flights: DataFrame
) -> None:
    fe.update_feature_spec(name="plane", owner="ana@example.com")
    securable = Securable("function", spec)
    assert spark.unity.governance.owner(securable) == "ana@example.com"
    made = fe.create_training_set(df=flights, feature_spec=spec, label="late")
    fe.delete_feature_spec(name=spec)
    assert spark.unity.governance.owner(securable) == spark.user
    assert made.load_df().count() == 4
    for call in (
        lambda: fe.delete_feature_spec(name="plane"),
        lambda: fe.update_feature_spec(name="plane", owner="x"),
        lambda: fe.create_training_set(df=flights, feature_spec="plane", label="late"),
    ):
        with pytest.raises(NotFound, match=rf"'{spec}' does not exist.*: none"):
            call()


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "there already": ({"name": "plane"}, AlreadyExists, "plane' already exists"),
    "name of a function": ({"name": "half"}, AlreadyExists, "half' already exists"),
    "no name": ({"name": ""}, ValueError, "name must be provided"),
    "too many levels": ({"name": "a.b.c.d"}, ValueError, "a.b.c.d"),
    "no schema": ({"name": "main.nowhere.s"}, ValueError, "main.nowhere' does not exist"),
    "not a list": ({"features": PLANES}, TypeError, "must be a list"),
    "not a feature": ({"features": ["planes"]}, TypeError, r"\[0\]"),
    "no such table": ({"features": [FeatureLookup("nope", "k")]}, ValueError, "nope.*could not be found"),
    "no such function": ({"features": [FeatureFunction(udf_name="nope")]}, NotFound, "nope"),
    "number of keys": ({"features": [FeatureLookup("planes", ["tailnum", "x"])]}, ValueError, "number of primary keys"),
    "types": (
        {"features": [PLANES, FeatureFunction(udf_name="half", input_bindings={"x": "tailnum"})]},
        ValueError,
        "'tailnum' has type 'string'",
    ),
    "twice": ({"features": [PLANES, PLANES]}, ValueError, "duplicate feature output names 'seats'"),
}  # fmt: skip


def test_invalid_arguments_raise(fe: Client, spark: LocalSparkSession, spec: str) -> None:
    before = spark.sql("SHOW USER FUNCTIONS").collect()
    for case, (change, error, content) in REFUSED.items():
        with pytest.raises(error, match=content):
            pytest.fail(
                f"{case}: {fe.create_feature_spec(**{'name': 's', 'features': [PLANES], **change})}"
            )
    assert spark.sql("SHOW USER FUNCTIONS").collect() == before


def test_a_function_is_not_a_feature_spec_and_vice_versa(
    fe: Client, spark: LocalSparkSession, spec: str, flights: DataFrame, schema: str
) -> None:
    for call in (
        lambda: fe.delete_feature_spec(name="half"),
        lambda: fe.create_training_set(df=flights, feature_spec="half", label="late"),
    ):
        with pytest.raises(ValueError, match=rf"{schema}\.half is not a FeatureSpec"):
            call()
    with pytest.raises(AnalysisException, match="is a feature spec, which SQL cannot call"):
        spark.sql("SELECT plane(1)")
    function = FeatureFunction(udf_name="plane")
    with pytest.raises(ValueError, match="not a Python UDF"):
        fe.create_training_set(df=flights, feature_lookups=[function], label="late")


def test_a_deleted_input_raises(
    fe: Client, spark: LocalSparkSession, spec: str, flights: DataFrame
) -> None:
    wrong = flights.withColumnRenamed("tailnum", "tail")
    with pytest.raises(ValueError, match="'tailnum'"):
        fe.create_training_set(df=wrong, feature_spec=spec, label="late")
    with pytest.raises(ValueError, match="output names.*'half'"):
        fe.create_training_set(
            df=flights.withColumnRenamed("flight", "half"), feature_spec=spec, label="late"
        )
    spark.sql("DROP FUNCTION half")
    with pytest.raises(NotFound, match="half' does not exist"):
        fe.create_training_set(df=flights, feature_spec=spec, label="late")
    fe.drop_table(name="planes")
    with pytest.raises(ValueError, match="planes' could not be found"):
        fe.create_training_set(df=flights, feature_spec=spec, label="late")


def test_a_damaged_spec(
    fe: Client, spark: LocalSparkSession, spec: str, flights: DataFrame
) -> None:
    functions = Functions(spark.unity)
    path = functions.path(spark.resolve(spec))
    path.write_text(path.read_text("utf-8").replace("input_columns", "columns"), "utf-8")
    with pytest.raises(ValueError, match="plane' cannot be read"):
        fe.create_training_set(df=flights, feature_spec=spec, label="late")
