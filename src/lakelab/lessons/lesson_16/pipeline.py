"""Train the flight-delay model and register it: the code that lesson 16 promotes.

The job `train_flight_delay` (`resources/train_flight_delay.job.yml`) runs this file in each target of the
bundle. It names no catalog: where it works is an argument.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import mlflow
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from mlflow import MlflowClient
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities.model_registry import ModelVersion
from pyspark.sql import SparkSession

from lakelab.flights import auc, train

MODEL = "lesson_16_promoted_code"
MINIMUM_AUC = 0.65  # agreed before anybody looked at a result


def train_and_register(
    spark: SparkSession,
    schema: str,
    model: str = MODEL,
    *,
    seed: int = 0,
    git_commit: str = "unknown",
) -> ModelVersion:
    """Train on January to June of one environment; register, validate and release the model there.

    Parameters
    ----------
    spark : SparkSession
    schema : str
        The environment, ``catalog.schema``.
    model : str
        The model's name within the schema.
    seed : int
        The same tables, code and seed give the same model.
    git_commit : str
        The commit that this code is from.

    Returns
    -------
    ModelVersion
        The version that is Champion now.

    Raises
    ------
    NotGoodEnoughError
        If the version fails its validation: it stays registered, and Champion stays where it was.
    """
    labels, weather = f"{schema}.flight_labels", f"{schema}.airport_weather"
    fe = FeatureEngineeringClient()
    with mlflow.start_run(run_name=f"train in {schema}"):
        mlflow.set_tag("git_commit", git_commit)
        mlflow.log_param("seed", seed)
        for table in (labels, weather):  # the lineage: which tables, as of which version
            log_table(spark, table)
        training_set = fe.create_training_set(
            df=spark.table(labels).where("month BETWEEN 1 AND 6"),
            feature_lookups=[
                FeatureLookup(
                    table_name=weather, lookup_key="origin", timestamp_lookup_key="prediction_ts"
                )
            ],
            label="late",
            exclude_columns=["flight_id", "flight", "month", "sched_dep_ts", "tailnum"],
        )
        rows = training_set.load_df().toPandas()
        mlflow.log_param("rows", len(rows))
        fe.log_model(
            model=train(rows, seed=seed),
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=training_set,
            registered_model_name=f"{schema}.{model}",
        )
        version = newest_version(f"{schema}.{model}")
        score = validate(spark, schema, model, version)
        mlflow.log_metric("validation_auc", score)
    release(schema, model, version, score)
    return MlflowClient().get_model_version(f"{schema}.{model}", version)


def log_table(spark: SparkSession, table: str) -> None:
    """Write down that the run reads a table, and its latest Delta version."""
    commits = spark.sql(f"DESCRIBE HISTORY {table}").collect()
    version = max(commit["version"] for commit in commits)
    source = DeltaDatasetSource(delta_table_name=table, delta_table_version=version)
    dataset = MetaDataset(source, name=table)  # type: ignore[abstract]
    mlflow.log_input(dataset, context="training")
    mlflow.log_param(f"version_of_{table.rpartition('.')[2]}", version)


def validate(spark: SparkSession, schema: str, model: str, version: str, month: int = 8) -> float:
    """Measure the AUC of a version on the environment's own flights, scored as its jobs score them."""
    uri = f"models:/{schema}.{model}/{version}"
    flights = spark.table(f"{schema}.flight_labels").where(f"month = {month}")
    some = flights.where("flight_id % 4 = 0")  # enough to tell, and quick
    scored = FeatureEngineeringClient().score_batch(model_uri=uri, df=some).toPandas()
    folder = mlflow.artifacts.download_artifacts(f"{uri}/data/feature_store/raw_model")
    return auc(mlflow.sklearn.load_model(folder), scored)


def release(schema: str, model: str, version: str, score: float) -> None:
    """Move the alias Champion to a version that is good enough; refuse any other."""
    client, name = MlflowClient(), f"{schema}.{model}"
    status = "approved" if score >= MINIMUM_AUC else "rejected"
    for tag, value in {
        "validated_in": schema,  # tags travel with a copy: say where this one was earned
        "validation_auc": f"{score:.3f}",
        "validation_status": status,
    }.items():
        client.set_model_version_tag(name, version, tag, value)
    if status == "rejected":
        raise NotGoodEnoughError(
            f"version {version} of {name} has AUC {score:.3f}, and {MINIMUM_AUC} is the least. "
            f"Champion stays where it is."
        )
    client.set_registered_model_alias(name, "Champion", version)


class NotGoodEnoughError(Exception):
    """A version did not pass its validation; the job fails, so that somebody looks."""


def newest_version(name: str) -> str:
    """Give the number of the version that was registered last."""
    versions = MlflowClient().search_model_versions(f"name='{name}'")
    return str(max(int(version.version) for version in versions))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as the job does."""
    parser = argparse.ArgumentParser(description="Train the flight-delay model in one environment.")
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--experiment", required=True, help="where the run is logged")
    parser.add_argument("--git-commit", default="unknown", help="of the code that was deployed")
    told = parser.parse_args(arguments)
    mlflow.set_registry_uri("databricks-uc")
    mlflow.set_experiment(told.experiment)
    spark = SparkSession.builder.getOrCreate()
    version = train_and_register(spark, f"{told.catalog}.{told.schema}", git_commit=told.git_commit)
    print(f"Champion of {version.name} is version {version.version}")


if __name__ == "__main__":
    main()
