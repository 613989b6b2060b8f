"""What a lesson needs from earlier ones, made in seconds and only where it is missing or changed.

Databricks code: it runs in a workspace as on a laptop. Each function brings one thing into the
state in which the earlier lessons leave it, and does nothing where it is so already.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, field, replace
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd

from lakelab import flights
from lakelab.lessons.prepare.prepared_tables import Remembered

if TYPE_CHECKING:
    from databricks.feature_engineering import FeatureEngineeringClient
    from mlflow.entities.model_registry import ModelVersion
    from pyspark.sql import SparkSession

MODEL = "flight_delay"
PREPARED = "prepared_by_lakelab"
"""Tag of the model version that `champion` made; its value says from which features of which table."""


@dataclass(frozen=True)
class Place:
    """Where to prepare: a session, and the schema that is the learner's own.

    ``remembered`` spares a look at the rows of tables that nobody has changed since the last one.
    """

    spark: SparkSession
    catalog: str
    schema: str
    remembered: Remembered = field(default_factory=Remembered)

    def name(self, thing: str) -> str:
        """Give the three-level name of a table or model of the course."""
        return f"{self.catalog}.{self.schema}.{thing}"


def tracking(place: Place) -> None:
    """Open the store that runs are logged to; a new one is made then, which takes seconds."""
    from mlflow import MlflowClient

    MlflowClient().search_experiments(max_results=1)


def ui(place: Place) -> None:
    """Nothing to make: where the MLflow UI must be started, the lab does it while it starts the rest."""


def study(place: Place) -> None:
    """Make the runs that lessons 11 and 13 look at, in an experiment of their own."""
    from databricks.sdk import WorkspaceClient

    from lakelab.lessons.study_runs import make_study

    make_study(f"/Users/{WorkspaceClient().current_user.me().user_name}/lakelab_study")


def raw_tables(place: Place) -> None:
    """Load the raw tables and the labels as they come: no keys, no comments."""
    for name in flights.RAW_TABLES:
        _table(place, f"raw_{name}", partial(flights.read_raw, name))
    _table(place, "flight_labels", lambda: flights.flight_labels(flights.read_raw("flights")))


def feature_tables(place: Place) -> None:
    """Create and fill the three feature tables, as lessons 06 and 07 leave them."""
    from databricks.feature_engineering import FeatureEngineeringClient

    fe = FeatureEngineeringClient()
    tables = {
        "airport_weather": (
            ["origin", "ts"],
            lambda: flights.airport_weather(flights.read_raw("weather")),
            "Hourly weather at the three New York airports (UTC)",
        ),
        "airport_congestion": (
            ["origin", "ts"],
            lambda: flights.airport_congestion(flights.read_raw("flights")),
            "How departures went at each airport in the last three hours (UTC)",
        ),
        "planes": (
            ["tailnum"],
            lambda: flights.planes(flights.read_raw("planes")),
            "What is known about each plane",
        ),
    }
    for table, (keys, content, description) in tables.items():
        _feature_table(place, fe, table, keys, content, description)


def champion(place: Place) -> None:
    """Register the model of lesson 08 and let the alias `Champion` point to it.

    It sees the schedule and the weather of January to June. Versions that lessons added stay; the
    alias returns, and those that lessons added go. Where the table of the weather was dropped and
    created again, as lesson 06 does, there is a new version: scoring with the old one would warn.
    """
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    mlflow.set_registry_uri("databricks-uc")
    client, name, made_from = MlflowClient(), place.name(MODEL), _features_of_champion(place)
    versions: list[ModelVersion] = []
    try:
        versions += client.search_model_versions(f"name='{name}'")
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    # a search lists versions without their tags where the registry is Unity Catalog
    tagged = [
        version.version
        for version in versions
        if client.get_model_version(name, version.version).tags.get(PREPARED) == made_from
    ]
    version = str(tagged[0]) if tagged else _register_champion(place, name, made_from)
    client.set_registered_model_alias(name, "Champion", version)
    for alias in set(client.get_registered_model(name).aliases) - {"Champion"}:
        client.delete_registered_model_alias(name, alias)


def _features_of_champion(place: Place) -> str:
    """Say what the prepared Champion sees: a table that is created again has another id."""
    table = place.spark.sql(f"DESCRIBE DETAIL {place.name('airport_weather')}").first()
    assert table is not None
    return f"schedule and weather of table {table['id']}"


def _register_champion(place: Place, name: str, made_from: str) -> str:
    import mlflow
    from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
    from mlflow import MlflowClient

    fe, client = FeatureEngineeringClient(), MlflowClient()
    training_set = fe.create_training_set(
        df=place.spark.table(place.name("flight_labels")).where("month BETWEEN 1 AND 6"),
        feature_lookups=[
            FeatureLookup(
                table_name=place.name("airport_weather"),
                lookup_key="origin",
                timestamp_lookup_key="prediction_ts",
            )
        ],
        label="late",
        exclude_columns=["flight_id", "flight", "month", "sched_dep_ts", "tailnum"],
    )
    model = flights.train(training_set.load_df().toPandas())
    # MLflow says on stderr that it registered the model: no news in a cell that only sets up
    with mlflow.start_run(run_name="schedule and weather"), redirect_stderr(StringIO()):
        fe.log_model(
            model=model,
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=training_set,
            registered_model_name=name,
        )
    version = max(int(v.version) for v in client.search_model_versions(f"name='{name}'"))
    client.set_model_version_tag(name, str(version), PREPARED, made_from)
    return str(version)


def environments(place: Place) -> None:
    """Give dev, staging and prod data of their own, as different as they are at work.

    Each has `flight_labels` and the feature table `airport_weather`. prod: one flight in three of the
    whole year, so that training in all three takes seconds. staging: those of June to August. dev: a
    seventh of those of January to August, and the weather as it was copied at the end of August.
    """
    from databricks.feature_engineering import FeatureEngineeringClient

    from lakelab.environments import environments as schemas_of

    fe = FeatureEngineeringClient()
    for environment, name in schemas_of(place.spark, place.catalog, place.schema).items():
        catalog, _, schema = name.partition(".")
        there = replace(place, catalog=catalog, schema=schema)
        _table(there, "flight_labels", partial(_labels_of, environment))
        _feature_table(
            there,
            fe,
            "airport_weather",
            ["origin", "ts"],
            partial(_weather_of, environment),
            "Hourly weather (UTC)",
        )


def _labels_of(environment: str) -> pd.DataFrame:
    labels = flights.flight_labels(flights.read_raw("flights"))
    labels = labels[labels["flight_id"] % 3 == 0]
    if environment == "dev":
        return flights.in_months(labels[labels["flight_id"] % 7 == 0], 1, 8)
    return labels if environment == "prod" else flights.in_months(labels, 6, 8)


def _weather_of(environment: str) -> pd.DataFrame:
    weather = flights.airport_weather(flights.read_raw("weather"))
    return weather[weather["ts"] < pd.Timestamp("2013-09-01")] if environment == "dev" else weather


def _table(place: Place, table: str, content: Callable[[], pd.DataFrame]) -> None:
    def right(made: pd.DataFrame) -> bool:
        return _holds(place, table, made)

    def write(made: pd.DataFrame) -> None:
        frame = place.spark.createDataFrame(made)
        frame.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable(
            place.name(table)
        )

    _make(place, table, content, right, write)


def _feature_table(
    place: Place,
    fe: FeatureEngineeringClient,
    table: str,
    keys: list[str],
    content: Callable[[], pd.DataFrame],
    description: str,
) -> None:
    name = place.name(table)

    def right(made: pd.DataFrame) -> bool:
        return _holds(place, table, made) and _has_keys(fe, name, keys)

    def write(made: pd.DataFrame) -> None:
        place.spark.sql(f"DROP TABLE IF EXISTS {name}")
        fe.create_table(
            name=name,
            primary_keys=keys,
            timeseries_column="ts" if "ts" in keys else None,
            df=place.spark.createDataFrame(made),
            description=description,
        )

    _make(place, table, content, right, write)


def _make(
    place: Place,
    table: str,
    content: Callable[[], pd.DataFrame],
    right: Callable[[pd.DataFrame], bool],
    write: Callable[[pd.DataFrame], None],
) -> None:
    """Bring a table into its state: nothing to do where it is remembered, or found, to be right."""
    name, remembered = place.name(table), place.remembered
    if remembered.is_right(place.spark, name):
        return
    made = content()
    exists = place.spark.catalog.tableExists(name)
    # taken before the look: what somebody writes meanwhile is not taken for right
    state = remembered.state(place.spark, name) if exists else None
    if not (exists and right(made)):
        write(made)
        state = remembered.state(place.spark, name)
    remembered.found_right(name, state)


def _has_keys(fe: FeatureEngineeringClient, name: str, keys: list[str]) -> bool:
    try:
        return fe.get_table(name=name).primary_keys == keys
    except ValueError:  # a table, but no feature table
        return False


def _holds(place: Place, table: str, content: pd.DataFrame) -> bool:
    """Say whether a table has these columns, this many rows, and the same sums of its numbers."""
    name = place.name(table)
    frame = place.spark.table(name)
    if frame.columns != content.columns.tolist():
        return False
    numbers = content.select_dtypes("number").columns
    sums = ", ".join(f"sum(CAST(`{column}` AS DOUBLE))" for column in numbers)
    found = place.spark.sql(f"SELECT count(*), {sums} FROM {name}").collect()[0]
    wanted = [len(content), *content[numbers].astype("float64").sum()]
    return all(
        abs(one - float(other or 0)) <= 1e-6 * max(1.0, abs(one))
        for one, other in zip(wanted, found, strict=True)
    )


NEEDS: dict[str, Callable[[Place], None]] = {
    "raw_tables": raw_tables,
    "feature_tables": feature_tables,
    "tracking": tracking,
    "ui": ui,
    "study": study,
    "champion": champion,
    "environments": environments,
}
