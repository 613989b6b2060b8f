"""The needs of lessons: the state of earlier lessons, made in seconds and only if missing or changed.

This code runs in a workspace as on a laptop. Each function brings one thing to the state in which the
earlier lessons leave it, and does nothing if it has that state already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lakelab import flights
from lakelab.lessons.prepare.champion import champion
from lakelab.lessons.prepare.environment_data import environments
from lakelab.lessons.prepare.lesson_schema import LessonSchema
from lakelab.lessons.prepare.tables import prepare_feature_table, prepare_table


def tracking(target: LessonSchema) -> None:
    """Open the store of runs. This creates a missing store, which takes seconds."""
    from mlflow import MlflowClient

    MlflowClient().search_experiments(max_results=1)


def ui(target: LessonSchema) -> None:
    """Do nothing: the lab starts the MLflow UI while it starts the other services."""


def study(target: LessonSchema) -> None:
    """Create the runs of lessons 11 and 13, in an experiment of their own."""
    from databricks.sdk import WorkspaceClient

    from lakelab.lessons.study_runs import make_study

    make_study(f"/Users/{WorkspaceClient().current_user.me().user_name}/lakelab_study")


def raw_tables(target: LessonSchema) -> None:
    """Load the raw tables and the labels, without keys and comments."""
    for name in flights.RAW_TABLES:
        prepare_table(target, f"raw_{name}", partial(flights.read_raw, name))
    prepare_table(
        target, "flight_labels", lambda: flights.flight_labels(flights.read_raw("flights"))
    )


def feature_tables(target: LessonSchema) -> None:
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
        prepare_feature_table(target, fe, table, keys, content, description)


NEEDS: Mapping[str, Callable[[LessonSchema], None]] = {
    "raw_tables": raw_tables,
    "feature_tables": feature_tables,
    "tracking": tracking,
    "ui": ui,
    "study": study,
    "champion": champion,
    "environments": environments,
}
"""Name of a need in ``lessons.yaml`` -> the function that prepares it."""
