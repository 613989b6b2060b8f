"""The model ``flight_delay`` with the alias ``Champion``, as lesson 08 leaves it."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

from lakelab import flights
from lakelab.lessons.prepare.lesson_schema import LessonSchema

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

MODEL = "flight_delay"
PREPARED = "prepared_by_lakelab"
"""Tag of the model version that `champion` registered. Its value names the features and their table."""


def champion(target: LessonSchema) -> None:
    """Register the model of lesson 08, and set the alias `Champion` on it.

    The model uses the schedule and the weather of January to June. Versions that lessons added stay. The
    alias returns to the prepared version, and aliases that lessons added are deleted. If the table of the
    weather was dropped and created again, as lesson 06 does, a new version is registered: scoring with
    the old one would warn.
    """
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    mlflow.set_registry_uri("databricks-uc")
    client, name, features = MlflowClient(), target.name(MODEL), _features_of_champion(target)
    versions: list[ModelVersion] = []
    try:
        versions += client.search_model_versions(f"name='{name}'")
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    # Unity Catalog's search lists versions without their tags
    tagged = [
        version.version
        for version in versions
        if client.get_model_version(name, version.version).tags.get(PREPARED) == features
    ]
    version = str(tagged[0]) if tagged else _register_champion(target, name, features)
    client.set_registered_model_alias(name, "Champion", version)
    for alias in set(client.get_registered_model(name).aliases) - {"Champion"}:
        client.delete_registered_model_alias(name, alias)


def _features_of_champion(target: LessonSchema) -> str:
    """Return the features of the prepared version, with the id of their table.

    A table that is created again has another id.
    """
    table = target.spark.sql(f"DESCRIBE DETAIL {target.name('airport_weather')}").first()
    assert table is not None
    return f"schedule and weather of table {table['id']}"


def _register_champion(target: LessonSchema, name: str, features: str) -> str:
    import mlflow
    from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
    from mlflow import MlflowClient

    fe, client = FeatureEngineeringClient(), MlflowClient()
    training_set = fe.create_training_set(
        df=target.spark.table(target.name("flight_labels")).where("month BETWEEN 1 AND 6"),
        feature_lookups=[
            FeatureLookup(
                table_name=target.name("airport_weather"),
                lookup_key="origin",
                timestamp_lookup_key="prediction_ts",
            )
        ],
        label="late",
        exclude_columns=["flight_id", "flight", "month", "sched_dep_ts", "tailnum"],
    )
    model = flights.train(training_set.load_df().toPandas())
    # MLflow prints on stderr that it registered the model, which does not interest in a set-up cell
    with mlflow.start_run(run_name="schedule and weather"), redirect_stderr(StringIO()):
        fe.log_model(
            model=model,
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=training_set,
            registered_model_name=name,
        )
    version = max(int(v.version) for v in client.search_model_versions(f"name='{name}'"))
    client.set_model_version_tag(name, str(version), PREPARED, features)
    return str(version)
