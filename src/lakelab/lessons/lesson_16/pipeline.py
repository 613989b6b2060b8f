"""Train, validate and promote the flight-delay model: the code that lesson 16 promotes.

The jobs of the bundle run it in each target, and the lesson calls the same functions:
`resources/promote.yml` trains, validates and promotes; `resources/deployment.yml` starts with a
registered version. The code contains no catalog: the environment is an argument.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import mlflow
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from mlflow import MlflowClient
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities.model_registry import ModelVersion
from pyspark.sql import SparkSession

from lakelab import flights

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
    """Train, validate and promote in one environment, as the three tasks of the job do.

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
        The commit of this code.

    Returns
    -------
    ModelVersion
        The new Champion.

    Raises
    ------
    NotGoodEnoughError
        If the version fails its validation. It stays registered, and the alias Champion does not move.
    """
    trained = train(spark, schema, model, seed=seed, git_commit=git_commit)
    score = validate(spark, schema, model, str(trained.version))
    MlflowClient().log_metric(str(trained.run_id), "validation_auc", score)
    release(schema, model, str(trained.version), score)
    return MlflowClient().get_model_version(f"{schema}.{model}", trained.version)


def train(
    spark: SparkSession,
    schema: str,
    model: str = MODEL,
    *,
    seed: int = 0,
    git_commit: str = "unknown",
) -> ModelVersion:
    """Train on January to June of one environment, and register the model there; release nothing.

    Parameters and result are those of :func:`train_and_register`; the version has no alias yet.
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
            model=flights.train(rows, seed=seed),
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=training_set,
            registered_model_name=f"{schema}.{model}",
        )
    version = newest_version(f"{schema}.{model}")
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
    in_month = spark.table(f"{schema}.flight_labels").where(f"month = {month}")
    some = in_month.where("flight_id % 4 = 0")  # enough to tell, and quick
    scored = FeatureEngineeringClient().score_batch(model_uri=uri, df=some).toPandas()
    folder = mlflow.artifacts.download_artifacts(f"{uri}/data/feature_store/raw_model")
    return flights.auc(mlflow.sklearn.load_model(folder), scored)


def release(schema: str, model: str, version: str, score: float) -> None:
    """Move the alias Champion to a version if its score is high enough; otherwise raise."""
    judge(schema, model, version, score)
    promote(schema, model, version)


def judge(schema: str, model: str, version: str, score: float) -> None:
    """Write the verdict on a version into its tags; raise `NotGoodEnoughError` if it is rejected."""
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


def promote(schema: str, model: str, version: str) -> str:
    """Move the alias Champion to a version that passed its validation here; say which has it now.

    A job may be triggered twice for one version: the second time, nothing moves, and a newer Champion
    stays. Who wants an older version back moves the alias by hand.
    """
    client, name = MlflowClient(), f"{schema}.{model}"
    tags = client.get_model_version(name, version).tags
    if (tags.get("validation_status"), tags.get("validated_in")) != ("approved", schema):
        raise NotGoodEnoughError(
            f"version {version} of {name} has not passed its validation in {schema}: its tags are "
            f"{tags}. Champion stays where it is; run the task that validates first."
        )
    champion = client.get_registered_model(name).aliases.get("Champion")
    this = f"{name}, version {version}"
    if champion is None or tags.get("promoted") != this:
        client.set_registered_model_alias(name, "Champion", version)
        client.set_model_version_tag(name, version, "promoted", this)
        champion = version
    return str(champion)


def require_approval(name: str, version: str, tag: str) -> None:
    """Check that a person has approved a version; otherwise raise `NotApprovedError`.

    Follows the approval task of
    https://docs.databricks.com/aws/en/mlflow/deployment-job: the button *Approve* sets a tag with the name
    of the task to ``Approved``; as in Databricks' template, the case is ignored.
    """
    approval = MlflowClient().get_model_version(name, version).tags.get(tag)
    if approval is None or approval.lower() != "approved":
        raise NotApprovedError(
            f"version {version} of {name} waits for approval: its tag {tag!r} is {approval!r}, expected "
            f"'Approved'. Approve it on the page of the version, or set the tag, and repair this run."
        )


class NotGoodEnoughError(Exception):
    """A version did not pass its validation; the job fails, so that a person checks it."""


class NotApprovedError(Exception):
    """A version is not approved yet; the job stops before the deployment."""


def newest_version(name: str) -> str:
    """Return the number of the version that was registered last."""
    versions = MlflowClient().search_model_versions(f"name='{name}'")
    return str(max(int(version.version) for version in versions))


def train_task(spark: SparkSession, dbutils: Any) -> ModelVersion:
    """Run the task `train` of the job, and pass the version to the dependent tasks.

    Follows https://docs.databricks.com/aws/en/jobs/task-values: task values are set in a notebook.
    """
    parameters = dbutils.widgets.getAll()
    mlflow.set_registry_uri("databricks-uc")
    mlflow.set_experiment(parameters["experiment"])
    schema = f"{parameters['catalog']}.{parameters['schema']}"
    trained = train(spark, schema, git_commit=parameters["git_commit"] or "unknown")
    dbutils.jobs.taskValues.set(key="model_name", value=trained.name)
    dbutils.jobs.taskValues.set(key="model_version", value=str(trained.version))
    print(f"{trained.name}, version {trained.version}")
    return trained


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the other tasks of the jobs: ``pipeline.py validate --model-name ...``."""
    parser = argparse.ArgumentParser(description="Validate or promote a version of a model.")
    parser.add_argument("step", choices=STEPS)
    parser.add_argument(
        "--model-name", required=True, type=_three_levels, help="catalog.schema.model"
    )
    parser.add_argument("--model-version", required=True, type=_number)
    parser.add_argument("--approval-tag", default="", help="for the step approve")
    options = parser.parse_args(arguments)
    mlflow.set_registry_uri("databricks-uc")
    STEPS[options.step](options)


def _validate_step(options: argparse.Namespace) -> None:
    schema, _, model = options.model_name.rpartition(".")
    spark = SparkSession.builder.getOrCreate()
    score = validate(spark, schema, model, options.model_version)
    version = MlflowClient().get_model_version(options.model_name, options.model_version)
    if version.run_id:  # a model may come without a run
        MlflowClient().log_metric(version.run_id, "validation_auc", score)
    judge(schema, model, options.model_version, score)
    print(f"{options.model_name}, version {options.model_version}: approved, AUC {score:.3f}")


def _approve_step(options: argparse.Namespace) -> None:
    require_approval(options.model_name, options.model_version, options.approval_tag)
    print(f"{options.model_name}, version {options.model_version}: approved by a person")


def _promote_step(options: argparse.Namespace) -> None:
    schema, _, model = options.model_name.rpartition(".")
    champion = promote(schema, model, options.model_version)
    print(f"Champion of {options.model_name} is version {champion}")


STEPS: dict[str, Callable[[argparse.Namespace], None]] = {
    "validate": _validate_step,
    "approve": _approve_step,
    "promote": _promote_step,
}


def _three_levels(name: str) -> str:
    if name.count(".") != 2 or not all(name.split(".")):
        raise argparse.ArgumentTypeError(f"expected catalog.schema.model, got {name!r}")
    return name


def _number(version: str) -> str:
    if not version.isdecimal():
        raise argparse.ArgumentTypeError(
            f"expected the number of a version, such as 3, got {version!r}: start the job with "
            f"--params model_version=<number>"
        )
    return version


if __name__ == "__main__":
    main()
