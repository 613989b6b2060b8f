"""log_model: the stored files, the lineage, and errors before the model is logged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from lightgbm import LGBMClassifier
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, DataType, Schema
from pyspark.sql import DataFrame
from pyspark.sql.types import ArrayType, LongType
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup
from lakelab.local.feature_engineering.training_set import TrainingSet

Client = FeatureEngineeringClient
pytestmark = pytest.mark.usefixtures("experiment")


class Threshold:
    """A minimal model that predicts a delay for strong wind."""

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        return (inputs["wind"].fillna(0) > 4).to_numpy()


@pytest.fixture
def training_set(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame
) -> TrainingSet:
    return fe.create_training_set(
        df=flights,
        feature_lookups=[
            FeatureLookup("weather", "origin", feature_names="wind", timestamp_lookup_key="at"),
            FeatureLookup("planes", "tailnum"),
        ],
        label="late",
        exclude_columns=["flight", "origin", "at", "tailnum"],
    )


@pytest.fixture
def model(training_set: TrainingSet) -> HistGradientBoostingClassifier:
    data = training_set.load_df().toPandas()
    return HistGradientBoostingClassifier(max_iter=2).fit(data.drop(columns="late"), data["late"])


def log(fe: Client, model: Any, training_set: TrainingSet, **options: Any) -> Any:
    with mlflow.start_run():
        return fe.log_model(
            **{
                "model": model,
                "artifact_path": "model",
                "flavor": mlflow.sklearn,
                "training_set": training_set,
                **options,
            }
        )


def test_the_spec_is_stored_with_the_model(
    fe: Client, model: Any, training_set: TrainingSet, schema: str, tmp_path: Path
) -> None:
    info = log(fe, model, training_set)
    folder = Path(mlflow.artifacts.download_artifacts(info.model_uri, dst_path=str(tmp_path)))
    content = yaml.safe_load((folder / "data" / "feature_store" / "feature_spec.yaml").read_text())
    wind = next(item["wind"] for item in content["input_columns"] if "wind" in item)
    assert wind == {
        "table_name": f"{schema}.weather",
        "feature_name": "wind",
        "lookup_key": ["origin"],
        "timestamp_lookup_key": ["at"],
        "data_type": "double",
        "topological_ordering": 4,
        "source": "feature_store",
    }
    assert [next(iter(table)) for table in content["input_tables"]] == [
        f"{schema}.planes",
        f"{schema}.weather",
    ]
    assert (folder / "data" / "feature_store" / "raw_model" / "MLmodel").is_file()


def test_the_signature_has_keys_features_and_label(
    fe: Client, model: Any, training_set: TrainingSet
) -> None:
    signature = log(fe, model, training_set).signature
    inputs = {column.name: (column.type, column.required) for column in signature.inputs}
    assert inputs == {
        "origin": (DataType.string, True),
        "at": (DataType.datetime, True),
        "tailnum": (DataType.string, True),
        "wind": (DataType.double, False),
        "seats": (DataType.long, False),
    }
    assert [(column.name, column.type) for column in signature.outputs] == [("late", DataType.long)]


def test_requirements_are_explicit_pins(
    fe: Client, model: Any, training_set: TrainingSet, tmp_path: Path
) -> None:
    info = log(fe, model, training_set, extra_pip_requirements=["requests>=2"])
    folder = mlflow.artifacts.download_artifacts(info.model_uri, dst_path=str(tmp_path))
    lines = (Path(folder) / "requirements.txt").read_text().split()
    assert {f"mlflow=={mlflow.__version__}", f"pandas=={pd.__version__}", "requests>=2"} <= set(
        lines
    )
    assert any(line.startswith("scikit-learn==") for line in lines)


def test_lineage_is_on_the_run_and_on_the_model(
    fe: Client, model: Any, training_set: TrainingSet, schema: str
) -> None:
    info = log(fe, model, training_set)
    inputs = mlflow.get_run(info.run_id).inputs.dataset_inputs
    content = {item.dataset.name: yaml.safe_load(item.dataset.source) for item in inputs}
    assert set(content) == {f"{schema}.weather", f"{schema}.planes"}
    source = content[f"{schema}.weather"]
    assert (source["delta_table_name"], source["delta_table_version"]) == (f"{schema}.weather", 1)
    assert {tag.value for item in inputs for tag in item.tags} == {"feature_table"}
    tags = mlflow.get_logged_model(info.model_id).tags
    assert tags["feature_tables"] == f"{schema}.planes (version 1), {schema}.weather (version 1)"


def test_the_model_is_registered(
    fe: Client, model: Any, training_set: TrainingSet, schema: str
) -> None:
    info = log(
        fe, model, training_set, registered_model_name=f"{schema}.m", await_registration_for=5
    )
    log(fe, model, training_set, registered_model_name=f"{schema}.m")
    versions = MlflowClient().search_model_versions(f"name='{schema}.m'")
    assert sorted(str(version.version) for version in versions) == ["1", "2"]
    assert info.run_id in {version.run_id for version in versions}


def test_a_valid_call_logs_no_warning(
    fe: Client,
    model: Any,
    training_set: TrainingSet,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    log(fe, model, training_set)
    assert capfd.readouterr() == ("", "")
    assert [str(w.message) for w in recwarn] == []


def test_without_an_active_run_a_run_starts_and_stays_active(
    fe: Client, model: Any, training_set: TrainingSet
) -> None:
    info = fe.log_model(
        model=model, artifact_path="model", flavor=mlflow.sklearn, training_set=training_set
    )
    run = mlflow.active_run()
    assert run is not None
    assert run.info.run_id == info.run_id


def test_the_logged_model_refuses_to_predict_without_features(
    fe: Client, model: Any, training_set: TrainingSet, flights: DataFrame
) -> None:
    loaded = mlflow.pyfunc.load_model(log(fe, model, training_set).model_uri)
    keys = flights.select("origin", "at", "tailnum").toPandas()
    with pytest.raises(MlflowException, match=r"'wind', 'seats'.*score_batch"):
        loaded.predict(keys)
    with_features = keys.assign(seats=1, wind=0.5)
    expected = model.predict(with_features[["wind", "seats"]])
    assert loaded.predict(with_features).tolist() == expected.tolist()


def test_the_model_loads_in_a_process_without_spark(
    fe: Client, model: Any, training_set: TrainingSet, home: Any
) -> None:
    uri = log(fe, model, training_set).model_uri
    code = (
        "import sys, mlflow, pandas as pd\n"
        f"mlflow.set_tracking_uri({home.mlflow_uri!r})\n"
        f"model = mlflow.pyfunc.load_model({uri!r})\n"
        "row = {'origin': 'JFK', 'at': pd.Timestamp('2024-01-01'), 'tailnum': 'a', 'wind': 1.0, 'seats': 2}\n"
        "print(model.predict(pd.DataFrame([row])))\n"
        "assert 'lakelab.local.spark.session' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("[0]", "[1]")


def test_a_function_of_the_user_in_a_pipeline(
    fe: Client, training_set: TrainingSet, flights: DataFrame, schema: str
) -> None:
    def filled(data: pd.DataFrame) -> pd.DataFrame:
        return data.fillna(0)

    data = training_set.load_df().toPandas()
    model = make_pipeline(FunctionTransformer(filled), HistGradientBoostingClassifier(max_iter=2))
    model.fit(data.drop(columns="late"), data["late"])
    info = log(fe, model, training_set)
    assert fe.score_batch(model_uri=info.model_uri, df=flights).count() == 4


def test_a_python_model(fe: Client, training_set: TrainingSet, flights: DataFrame) -> None:
    class Late(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):  # MLflow warns of type hints
            return model_input["wind"].fillna(0) > (params or {}).get("limit", 4)

    info = log(fe, Late(), training_set, flavor=mlflow.pyfunc, params={"limit": 4})
    scored = fe.score_batch(model_uri=info.model_uri, df=flights, result_type="boolean")
    assert [row["prediction"] for row in scored.collect()] == [True, False, False, False]
    scored = fe.score_batch(
        model_uri=info.model_uri, df=flights, result_type="boolean", params={"limit": 6}
    )
    assert not any(row["prediction"] for row in scored.collect())


def test_lightgbm(fe: Client, training_set: TrainingSet, flights: DataFrame) -> None:
    data = training_set.load_df().toPandas()
    model = LGBMClassifier(n_estimators=2, min_child_samples=1, n_jobs=1, verbose=-1)
    model.fit(data.drop(columns="late"), data["late"])
    info = log(fe, model, training_set, flavor=mlflow.lightgbm)
    scored = fe.score_batch(model_uri=info.model_uri, df=flights, result_type="long")
    expected = model.predict(data.drop(columns="late")).tolist()
    assert [row["prediction"] for row in scored.collect()] == expected
    assert {"lightgbm", "python_function"} <= set(raw_flavors(info))


def raw_flavors(info: Any) -> list[str]:
    path = f"{info.artifact_path}/data/feature_store/raw_model/MLmodel"
    text = Path(mlflow.artifacts.download_artifacts(path)).read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["flavors"])


def test_several_labels_and_several_columns_of_predictions(
    fe: Client, planes: DataFrame, flights: DataFrame
) -> None:
    class Both(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):  # MLflow warns of type hints
            seats = model_input["seats"].fillna(0)
            return pd.DataFrame({"late": seats > 100, "n": seats.astype("int64"), "who": "x"})

    both = fe.create_training_set(
        df=flights.drop("origin", "at"),
        feature_lookups=[FeatureLookup("planes", "tailnum")],
        label=["late", "flight"],
        exclude_columns="tailnum",
    )
    assert both.load_df().columns == ["seats", "late", "flight"]
    info = log(fe, Both(), both, flavor=mlflow.pyfunc)
    # in the order of the DataFrame, as in the official client
    assert info.signature.outputs.input_names() == ["flight", "late"]
    for result_type, expected_type, values in (
        ("boolean", "boolean", [False, True, False, False]),
        ("bigint", "bigint", [100, 200, 0, 100]),
        ("string", "string", ["False", "True", "False", "False"]),
        (ArrayType(LongType()), "array<bigint>", [[100], [200], [0], [100]]),
        (
            "array<string>",
            "array<string>",
            [[str(n > 100), str(n), "x"] for n in (100, 200, 0, 100)],
        ),
        (
            "n long, who string",
            "struct<n:bigint,who:string>",
            [(n, "x") for n in (100, 200, 0, 100)],
        ),
    ):
        scored = fe.score_batch(model_uri=info.model_uri, df=flights, result_type=result_type)
        assert dict(scored.dtypes)["prediction"] == expected_type
        assert [row["prediction"] for row in scored.collect()] == values


def test_no_label_needs_an_output_schema_for_outputs(
    fe: Client,
    model: Any,
    weather: DataFrame,
    planes: DataFrame,
    flights: DataFrame,
    caplog: pytest.LogCaptureFixture,
) -> None:
    unlabelled = fe.create_training_set(
        df=flights.drop("late"), feature_lookups=[FeatureLookup("planes", "tailnum")], label=None
    )
    assert log(fe, model, unlabelled).signature.outputs is None
    assert "output_schema" in caplog.text
    given = Schema([ColSpec(DataType.double)])
    assert log(fe, model, unlabelled, output_schema=given).signature.outputs == given


def test_an_input_example(
    fe: Client, model: Any, training_set: TrainingSet, tmp_path: Path
) -> None:
    info = log(fe, model, training_set, infer_input_example=True)
    assert info.saved_input_example_info is not None


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no training set": (
        {"training_set": None},
        ValueError,
        "'training_set' or 'feature_spec_path'",
    ),
    "not a training set": ({"training_set": pd.DataFrame()}, ValueError, "create_training_set"),
    "spec elsewhere": (
        {"training_set": None, "feature_spec_path": "x/y.yaml"},
        ValueError,
        "feature_spec.yaml",
    ),
    "flavor is a string": ({"flavor": "sklearn"}, ValueError, "flavor"),
    "no flavor": ({"flavor": ModuleType("mine")}, ValueError, "flavor"),
    "no path": ({"artifact_path": ""}, ValueError, "artifact_path"),
    "no model name": ({"registered_model_name": " "}, MlflowException, "registered_model_name"),
    "unknown option": ({"serialisation": "x"}, TypeError, "serialisation"),
}


def runs_and_models() -> tuple[int, int]:
    experiment = mlflow.get_experiment_by_name(mlflow.get_experiment(_experiment_id()).name)
    assert experiment is not None
    ids = [experiment.experiment_id]
    models = MlflowClient().search_logged_models(experiment_ids=ids)
    return len(MlflowClient().search_runs(ids)), len(models)


def _experiment_id() -> str:
    from mlflow.tracking.fluent import _get_experiment_id

    found = _get_experiment_id()
    assert found is not None
    return found


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_arguments_log_nothing(
    fe: Client, model: Any, training_set: TrainingSet, case: str
) -> None:
    change, error, names = REFUSED[case]
    good = {
        "model": model,
        "artifact_path": "m",
        "flavor": mlflow.sklearn,
        "training_set": training_set,
    }
    with pytest.raises(error, match=names):
        fe.log_model(**{**good, **change})
    assert mlflow.active_run() is None
    assert runs_and_models() == (0, 0)


@pytest.mark.parametrize(
    ("name", "labelled", "names"), [("a.b", True, "catalog"), ("a.b.c", False, "no outputs")]
)
def test_a_model_that_unity_catalog_would_reject_is_not_logged(
    fe: Client,
    model: Any,
    training_set: TrainingSet,
    planes: DataFrame,
    flights: DataFrame,
    name: str,
    labelled: bool,
    names: str,
) -> None:
    mlflow.set_registry_uri("databricks-uc")
    unlabelled = fe.create_training_set(
        df=flights.drop("late"), feature_lookups=[FeatureLookup("planes", "tailnum")], label=None
    )
    with pytest.raises(MlflowException, match=names):
        fe.log_model(
            model=model,
            artifact_path="m",
            flavor=mlflow.sklearn,
            training_set=training_set if labelled else unlabelled,
            registered_model_name=name,
        )
    assert mlflow.active_run() is None
    assert runs_and_models() == (0, 0)


def test_a_failure_while_logging_ends_the_run_as_failed(
    fe: Client, model: Any, training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise MlflowException("disk full")

    monkeypatch.setattr(mlflow.pyfunc, "log_model", fail)
    with pytest.raises(MlflowException, match="disk full"):
        fe.log_model(
            model=model, artifact_path="m", flavor=mlflow.sklearn, training_set=training_set
        )
    assert mlflow.active_run() is None
    assert [run.info.status for run in MlflowClient().search_runs([_experiment_id()])] == ["FAILED"]
