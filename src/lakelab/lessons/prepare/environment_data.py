"""Data of the environments dev, staging and prod, which differ as they do at work."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd

from lakelab import flights
from lakelab.environments import create_environments
from lakelab.lessons.prepare.lesson_schema import LessonSchema
from lakelab.lessons.prepare.tables import prepare_feature_table, prepare_table


def environments(target: LessonSchema) -> None:
    """Create and fill the tables of dev, staging and prod.

    Each environment has `flight_labels` and the feature table `airport_weather`. prod: one flight in
    three of the whole year, so that training in all three takes seconds. staging: the flights of June to
    August among them. dev: a seventh of the flights of January to August, and a copy of the weather of
    the end of August.
    """
    from databricks.feature_engineering import FeatureEngineeringClient

    fe = FeatureEngineeringClient()
    create_environments(target.spark, target.environments)
    for environment, name in target.environments.items():
        catalog, _, schema = name.partition(".")
        in_environment = replace(target, catalog=catalog, schema=schema)
        prepare_table(in_environment, "flight_labels", partial(_labels, environment))
        prepare_feature_table(
            in_environment,
            fe,
            "airport_weather",
            ["origin", "ts"],
            partial(_weather, environment),
            "Hourly weather (UTC)",
        )


def _labels(environment: str) -> pd.DataFrame:
    labels = flights.flight_labels(flights.read_raw("flights"))
    labels = labels[labels["flight_id"] % 3 == 0]
    if environment == "dev":
        return flights.in_months(labels[labels["flight_id"] % 7 == 0], 1, 8)
    return labels if environment == "prod" else flights.in_months(labels, 6, 8)


def _weather(environment: str) -> pd.DataFrame:
    weather = flights.airport_weather(flights.read_raw("weather"))
    return weather[weather["ts"] < pd.Timestamp("2013-09-01")] if environment == "dev" else weather
