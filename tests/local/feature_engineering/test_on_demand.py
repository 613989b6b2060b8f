"""On-demand features: inputs and results in training and scoring, and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import yaml
from databricks.sdk.errors import NotFound
from pyspark.errors import AnalysisException, PythonException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakelab.local.catalog.functions import Functions
from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureFunction,
    FeatureLookup,
)
from lakelab.local.feature_engineering.feature_spec import (
    FeatureSpec,
    OnDemandColumn,
)
from lakelab.local.feature_engineering.training_set import TrainingSet
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient
PLANES = FeatureLookup("planes", "tailnum")


@pytest.fixture(autouse=True)
def functions(spark: LocalSparkSession, schema: str) -> None:
    """The functions `half` (0 for null), `gust` (of wind and sky), and `slow`, in SQL."""
    spark.sql(
        "CREATE FUNCTION half(x BIGINT) RETURNS DOUBLE LANGUAGE PYTHON "
        "AS $$ return 0 if x is None else x / 2 $$"
    )
    spark.sql(
        "CREATE FUNCTION gust(wind DOUBLE, sky STRING) RETURNS STRING LANGUAGE PYTHON AS $$\n"
        "  return f'{wind} {sky}'\n$$"
    )
    spark.sql("CREATE FUNCTION slow(x BIGINT) RETURNS BIGINT RETURN x + 1")


def half(column: str, output: str | None = "half") -> FeatureFunction:
    return FeatureFunction(udf_name="half", input_bindings={"x": column}, output_name=output)


def create(fe: Client, df: DataFrame, *features: Any, **options: Any) -> TrainingSet:
    options = {"label": "late", **options}
    return fe.create_training_set(df=df, feature_lookups=list(features), **options)


def values(training_set: TrainingSet, column: str) -> list[Any]:
    return training_set.load_df().toPandas()[column].replace({float("nan"): None}).tolist()


# ---- inputs and results ---------------------------------------------------------------------------------
def test_a_column_of_the_rows_is_an_input(fe: Client, flights: DataFrame) -> None:
    df = create(fe, flights, half("flight")).load_df()
    assert df.columns == ["flight", "origin", "at", "tailnum", "half", "late"]
    assert dict(df.dtypes)["half"] == "double"
    assert [row.half for row in df.collect()] == [0.5, 1.0, 1.5, 2.0]


def test_a_feature_is_an_input_and_null_is_none(
    fe: Client, planes: DataFrame, flights: DataFrame
) -> None:
    training_set = create(fe, flights, half("seats"), PLANES)
    assert training_set.load_df().columns[-3:] == ["seats", "half", "late"]
    assert values(training_set, "seats") == [100, 200, None, 100]
    assert values(training_set, "half") == [50.0, 100.0, 0.0, 50.0]


def test_several_features_are_inputs(fe: Client, weather: DataFrame, flights: DataFrame) -> None:
    lookup = FeatureLookup("weather", "origin", timestamp_lookup_key="at")
    gust = FeatureFunction(
        udf_name="gust", input_bindings={"sky": "sky", "wind": "wind"}, output_name="gust"
    )
    assert values(create(fe, flights, lookup, gust), "gust") == [
        "5.0 clear",
        "None fog",
        "None None",
        "None None",
    ]


def test_the_result_of_another_function_is_an_input_in_any_order(
    fe: Client, spark: LocalSparkSession, flights: DataFrame
) -> None:
    spark.sql(
        "CREATE FUNCTION more(x DOUBLE) RETURNS BIGINT LANGUAGE PYTHON AS $$ return x + 10 $$"
    )
    more = FeatureFunction(udf_name="more", input_bindings={"x": "half"}, output_name="more")
    training_set = create(fe, flights, half("more", "again"), more, half("flight"))
    assert training_set.load_df().columns[-4:] == ["again", "more", "half", "late"]
    assert values(training_set, "more") == [10, 11, 11, 12]  # cast as in SQL
    assert values(training_set, "again") == [5.0, 5.5, 5.5, 6.0]


def test_a_lookup_key_can_be_computed(
    fe: Client, spark: LocalSparkSession, planes: DataFrame, flights: DataFrame
) -> None:
    spark.sql(
        "CREATE FUNCTION tail(n BIGINT) RETURNS STRING LANGUAGE PYTHON AS $$ return 'ab'[n % 2] $$"
    )
    tail = FeatureFunction(udf_name="tail", input_bindings={"n": "flight"}, output_name="tail")
    lookup = FeatureLookup("planes", "tail")
    training_set = create(fe, flights, lookup, tail, exclude_columns="tail")
    assert training_set.load_df().columns[-2:] == ["seats", "late"]
    assert values(training_set, "seats") == [200, 100, 200, 100]


def test_without_an_output_name_the_column_has_the_full_name(
    fe: Client, flights: DataFrame, schema: str
) -> None:
    assert f"{schema}.half" in create(fe, flights, half("flight", None)).load_df().columns


def test_excluded_inputs_are_available_to_the_function_only(
    fe: Client, planes: DataFrame, flights: DataFrame
) -> None:
    training_set = create(
        fe, flights, PLANES, half("seats"), exclude_columns=["seats", "tailnum", "origin", "at"]
    )
    assert training_set.load_df().columns == ["flight", "half", "late"]
    unused = create(fe, flights, PLANES, half("seats"), exclude_columns=["seats", "half"])
    assert unused.feature_spec.functions == []
    assert unused.feature_spec.tables == ()


def test_default_values_are_filled_in_after_the_function(
    fe: Client, planes: DataFrame, flights: DataFrame
) -> None:
    lookup = FeatureLookup("planes", "tailnum", default_values={"seats": 10})
    training_set = create(fe, flights, lookup, half("seats"))
    assert values(training_set, "seats")[2] == 10
    assert (
        values(training_set, "half")[2] == 0.0
    )  # the function got null, as in the official client


def test_without_parameters_and_without_rows(
    fe: Client, spark: LocalSparkSession, flights: DataFrame
) -> None:
    spark.sql("CREATE FUNCTION one() RETURNS INT LANGUAGE PYTHON AS $$ return 1 $$")
    one = FeatureFunction(udf_name="one", output_name="one")
    assert values(create(fe, flights, one), "one") == [1] * 4
    empty = create(fe, flights.limit(0), one, half("flight")).load_df()
    assert (empty.count(), dict(empty.dtypes)["one"]) == (0, "int")


def test_a_training_set_keeps_the_function_of_its_creation(
    fe: Client, spark: LocalSparkSession, flights: DataFrame
) -> None:
    training_set = create(fe, flights, half("flight"))
    spark.sql(
        "CREATE OR REPLACE FUNCTION half(x BIGINT) RETURNS DOUBLE LANGUAGE PYTHON AS $$ return 7 $$"
    )
    assert values(training_set, "half") == [0.5, 1.0, 1.5, 2.0]
    assert values(create(fe, flights, half("flight")), "half") == [7.0] * 4


TYPES = {
    "DECIMAL(10,2)": "CAST(1.25 AS DECIMAL(10,2))",
    "DATE": "DATE'2024-01-02'",
    "TIMESTAMP": "TIMESTAMP'2024-01-02 03:04:05.678901'",
    "BINARY": "CAST('ab' AS BINARY)",
    "BOOLEAN": "true",
    "FLOAT": "CAST(1.5 AS FLOAT)",
    "SMALLINT": "CAST(3 AS SMALLINT)",
    "ARRAY<STRING>": "array('a', null)",
    "MAP<STRING,INT>": "map('a', 1)",
    "STRUCT<x:INT,y:STRING>": "named_struct('x', 1, 'y', 'z')",
}


def test_values_of_all_types_are_returned_unchanged(fe: Client, spark: LocalSparkSession) -> None:
    columns = {f"c{i}": (type_, value) for i, (type_, value) in enumerate(TYPES.items())}
    for name, (type_, _) in columns.items():
        spark.sql(
            f"CREATE FUNCTION f_{name}(x {type_}) RETURNS {type_} LANGUAGE PYTHON AS $$ return x $$"
        )
    df = spark.sql(f"SELECT {', '.join(f'{v} AS {n}' for n, (_, v) in columns.items())}, 0 AS late")
    same = [
        FeatureFunction(udf_name=f"f_{n}", input_bindings={"x": n}, output_name=f"o_{n}")
        for n in columns
    ]
    row = create(fe, df, *same).load_df().first()
    assert row is not None
    sql = spark.sql(f"SELECT {', '.join(f'f_{n}({v}) AS {n}' for n, (_, v) in columns.items())}")
    in_sql = sql.first()
    assert in_sql is not None
    for name in columns:
        assert row[f"o_{name}"] == row[name] == in_sql[name], name
    assert dict(sql.dtypes) == {n: type_.lower() for n, (type_, _) in columns.items()}


def test_an_error_contains_the_function_and_its_input_values(
    fe: Client, spark: LocalSparkSession, flights: DataFrame, schema: str
) -> None:
    spark.sql(
        "CREATE FUNCTION bad(x BIGINT) RETURNS INT LANGUAGE PYTHON AS $$\nreturn 1 // (3 - x)\n$$"
    )
    bad = FeatureFunction(udf_name="bad", input_bindings={"x": "flight"}, output_name="bad")
    expected = rf"{schema}\.bad\(x=3\) failed(.|\n)*ZeroDivisionError(.|\n)*<udfbody>.*line 2"
    with pytest.raises(PythonException, match=expected):
        create(fe, flights, bad).load_df()
    with pytest.raises(PythonException, match=expected):
        spark.sql("SELECT bad(id) FROM range(4)").collect()


# ---- errors ---------------------------------------------------------------------------------------------
REFUSED: dict[str, tuple[list[Any], type[Exception], str]] = {
    "not there": ([FeatureFunction(udf_name="nope")], NotFound, r"nope' does not exist.*half"),
    "in SQL": (
        [FeatureFunction(udf_name="slow", input_bindings={"x": "flight"})],
        ValueError,
        "not a Python UDF",
    ),
    "a parameter unbound": ([FeatureFunction(udf_name="half")], ValueError, r"parameters \['x'\] do not match"),
    "a parameter too many": (
        [FeatureFunction(udf_name="half", input_bindings={"x": "flight", "y": "late"})],
        ValueError,
        "do not match input bindings",
    ),
    "column not there": ([half("wings")], ValueError, "input binding columns 'wings'"),
    "label as input": ([half("nope")], ValueError, "'nope'"),
    "type": ([half("tailnum")], ValueError, "'tailnum' has type 'string' and parameter 'x' has type 'bigint'"),
    "type of a feature": (
        [FeatureLookup("planes", "tailnum"), FeatureFunction(udf_name="gust", input_bindings={"wind": "seats", "sky": "origin"})],
        ValueError,
        "'seats' has type 'bigint' and parameter 'wind' has type 'double'",
    ),
    "output twice": ([half("flight"), half("flight")], ValueError, "duplicate on-demand feature output names 'half'"),
    "output is a column": ([half("flight", "origin")], ValueError, "match either DataFrame column names.*'origin'"),
    "output is a feature": ([PLANES, half("flight", "seats")], ValueError, "'seats'"),
    "output is the label": ([half("flight", "late")], ValueError, "same output name as label 'late'"),
    "too many": ([half("flight", f"h{i}") for i in range(101)], ValueError, "maximum of 100"),
    "hive metastore": ([FeatureFunction(udf_name="hive_metastore.default.f")], ValueError, "Unity Catalog"),
    "no name": ([FeatureFunction(udf_name="a.b.c.d")], ValueError, "must have the form"),
}  # fmt: skip


def test_invalid_functions_raise(fe: Client, planes: DataFrame, flights: DataFrame) -> None:
    for case, (features, error, expected) in REFUSED.items():
        with pytest.raises(error, match=expected):
            pytest.fail(f"{case}: {create(fe, flights, *features).load_df().columns}")


def test_functions_in_a_circle_raise(
    fe: Client, spark: LocalSparkSession, flights: DataFrame
) -> None:
    spark.sql("CREATE FUNCTION same(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS $$ return x $$")
    circle = [
        FeatureFunction(udf_name="same", input_bindings={"x": one}, output_name=other)
        for one, other in (("a", "b"), ("b", "a"))
    ]
    with pytest.raises(ValueError, match="'a' .from b.*circle"):
        create(fe, flights, *circle)


# ---- in the model ----------------------------------------------------------------------------------------
class Sum:
    """A model that adds up its inputs."""

    def predict(self, inputs: pd.DataFrame) -> pd.Series:
        return inputs.fillna(0).sum(axis=1)


@pytest.fixture
def logged(fe: Client, planes: DataFrame, flights: DataFrame, experiment: str) -> Any:
    training_set = create(
        fe,
        flights,
        PLANES,
        half("seats"),
        exclude_columns=["flight", "origin", "at", "tailnum", "seats"],
    )
    assert training_set.load_df().columns == ["half", "late"]
    with mlflow.start_run():
        return fe.log_model(
            model=Sum(), artifact_path="model", flavor=mlflow.sklearn, training_set=training_set
        )


def test_the_spec_has_the_official_layout(logged: Any, schema: str, tmp_path: Path) -> None:
    folder = Path(mlflow.artifacts.download_artifacts(logged.model_uri, dst_path=str(tmp_path)))
    expected = yaml.safe_load((folder / "data" / "feature_store" / "feature_spec.yaml").read_text())
    assert expected["input_columns"][-1] == {
        "half": {
            "udf_name": f"{schema}.half",
            "input_bindings": {"x": "seats"},
            "data_type": "double",
            "topological_ordering": 2,
            "source": "on_demand_feature",
        }
    }
    assert expected["input_columns"][1]["seats"]["include"] is False
    assert expected["input_functions"] == [{f"{schema}.half": {}}]
    assert list(expected) == [
        "input_columns",
        "input_tables",
        "input_functions",
        "serialization_version",
    ]
    spec = FeatureSpec.load(folder / "data" / "feature_store")
    assert spec.on_demand_columns == [
        OnDemandColumn("half", "double", True, f"{schema}.half", (("x", "seats"),))
    ]
    signature = {column.name: column.required for column in logged.signature.inputs}
    assert signature == {"tailnum": True, "seats": False, "half": False}


def test_scoring_uses_the_current_function(
    fe: Client, spark: LocalSparkSession, logged: Any, flights: DataFrame
) -> None:
    scored = fe.score_batch(model_uri=logged.model_uri, df=flights.select("tailnum"))
    assert scored.columns == ["tailnum", "half", "prediction"]
    assert [row.prediction for row in scored.collect()] == [50.0, 100.0, 0.0, 50.0]
    spark.sql(
        "CREATE OR REPLACE FUNCTION half(x BIGINT) RETURNS DOUBLE LANGUAGE PYTHON AS $$ return 7 $$"
    )
    scored = fe.score_batch(model_uri=logged.model_uri, df=flights.select("tailnum"))
    assert [row.prediction for row in scored.collect()] == [7.0] * 4


def test_a_column_of_the_rows_replaces_the_function(
    fe: Client, spark: LocalSparkSession, logged: Any
) -> None:
    rows = spark.createDataFrame([("a", 1.5), ("b", None)], "tailnum STRING, half DOUBLE")
    scored = fe.score_batch(model_uri=logged.model_uri, df=rows)
    assert scored.columns == ["tailnum", "half", "prediction"]
    assert [row.prediction for row in scored.collect()] == [1.5, 0.0]
    rows = spark.createDataFrame([("z", 30)], "tailnum STRING, seats BIGINT")
    scored = fe.score_batch(model_uri=logged.model_uri, df=rows)
    assert scored.columns == ["tailnum", "seats", "half", "prediction"]
    assert [row.prediction for row in scored.collect()] == [15.0]


def test_scoring_without_the_function_raises(
    fe: Client, spark: LocalSparkSession, logged: Any, flights: DataFrame
) -> None:
    wrong = flights.select("tailnum").withColumn("seats", F.lit("many"))
    with pytest.raises(ValueError, match="'seats' has type 'string'"):
        fe.score_batch(model_uri=logged.model_uri, df=wrong)
    spark.sql("DROP FUNCTION half")
    with pytest.raises(NotFound, match="half' does not exist"):
        fe.score_batch(model_uri=logged.model_uri, df=flights)


def test_a_function_cannot_have_the_name_of_a_model(
    spark: LocalSparkSession, schema: str, experiment: str
) -> None:
    mlflow.MlflowClient().create_registered_model(f"{schema}.m")
    with pytest.raises(AnalysisException, match=f"registered model '{schema}.m'"):
        spark.sql("CREATE FUNCTION m(x INT) RETURNS INT LANGUAGE PYTHON AS $$ return 1 $$")
    assert not Functions(spark.unity).exists(spark.resolve("m"))
