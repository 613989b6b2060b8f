"""Exercises of lesson 08: a point-in-time correct training set from two tables, and one precise lookup."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lakelab.lessons.exercise import CheckContext, Exercise

if TYPE_CHECKING:
    import pandas as pd
    from databricks.feature_engineering import FeatureLookup

NOT_FOR_THE_MODEL = ["flight_id", "flight", "month", "sched_dep_ts", "tailnum"]
TABLES = ("airport_weather", "airport_congestion")


def check_challenger_set(lab: CheckContext, training_set: Any) -> list[str]:
    """Check the columns and rows of the training set, and the time of its congestion."""
    if not hasattr(
        type(training_set), "load_df"
    ):  # asked of the type: a DataFrame has attributes for columns of any name
        return [
            f"challenger_set should be what create_training_set returned, "
            f"not {type(training_set).__name__}."
        ]
    labels = lab.spark.table(f"{lab.catalog}.{lab.schema}.flight_labels")
    schedule = [name for name in labels.columns if name not in [*NOT_FOR_THE_MODEL, "late"]]
    loaded = training_set.load_df()
    wrong = _compare_columns(lab, loaded.columns, schedule)
    if not {"origin", "prediction_ts", "departures_3h"} <= set(loaded.columns):
        return wrong
    found = loaded.select("origin", "prediction_ts", "departures_3h").toPandas()
    flights = labels.where("month BETWEEN 7 AND 8").select("origin", "prediction_ts").toPandas()
    if Counter(found["prediction_ts"].dt.month) != Counter(flights["prediction_ts"].dt.month):
        return [
            *wrong,
            f"It has {len(found):,} rows, expected {len(flights):,}: "
            f"the flights of July and August, all of them.",
        ]
    expected = _expected_departures(lab, found)
    if not found["departures_3h"].fillna(-1).eq(expected.fillna(-1)).all():
        wrong.append(
            "Its congestion is not that of prediction_ts: some rows were written later, or are "
            "older than need be. Which column is the timestamp_lookup_key?"
        )
    return wrong


def _compare_columns(lab: CheckContext, columns: list[str], schedule: list[str]) -> list[str]:
    wrong = []
    for table in TABLES:
        table_columns = lab.spark.table(f"{lab.catalog}.{lab.schema}.{table}").columns
        missing = [name for name in table_columns if name not in ("origin", "ts", *columns)]
        if missing:
            wrong.append(f"Features of {table} are missing: {', '.join(missing)}.")
    if "late" not in columns:
        wrong.append("It has no column late: give label.")
    if extra := [name for name in columns if name in NOT_FOR_THE_MODEL]:
        wrong.append(f"The model would see {', '.join(extra)}: give exclude_columns.")
    if lost := [name for name in schedule if name not in columns]:
        wrong.append(f"The schedule has lost {', '.join(lost)}: exclude only not_for_the_model.")
    return wrong


def _expected_departures(lab: CheckContext, rows: pd.DataFrame) -> pd.Series:
    """Return departures_3h as of prediction_ts, computed with pandas."""
    import pandas as pd

    table = lab.spark.table(f"{lab.catalog}.{lab.schema}.airport_congestion")
    congestion = table.select("origin", "ts", "departures_3h").toPandas()
    joined = pd.merge_asof(
        rows[["origin", "prediction_ts"]].reset_index().sort_values("prediction_ts"),
        congestion.sort_values("ts"),
        left_on="prediction_ts",
        right_on="ts",
        by="origin",
    )
    return joined.set_index("index")["departures_3h"].sort_index()


def check_lookup(lab: CheckContext, lookup: Any) -> list[str]:
    """Check the arguments of the lookup, and its features in a training set."""
    from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup

    if not isinstance(lookup, FeatureLookup):
        return [f"lookup should be a FeatureLookup, not {type(lookup).__name__}."]
    if wrong := _wrong_arguments(lookup):
        return wrong
    labels = lab.spark.table(f"{lab.catalog}.{lab.schema}.flight_labels")
    try:
        training_set = FeatureEngineeringClient().create_training_set(
            df=labels.select("origin", "prediction_ts").limit(1),
            feature_lookups=[lookup],
            label=None,
        )
        features = [name for name in training_set.load_df().columns if name not in labels.columns]
    except ValueError as error:
        return [f"create_training_set refuses it: {error}"]
    return _wrong_features(lookup, features)


def _wrong_arguments(lookup: FeatureLookup) -> list[str]:
    wrong = []
    if str(lookup.table_name).split(".")[-1] != "airport_congestion":
        wrong.append(f"It reads {lookup.table_name}; expected airport_congestion.")
    if lookup.lookup_key not in ("origin", ["origin"]):
        wrong.append(f"Its lookup_key is {lookup.lookup_key!r}; the key of the table is origin.")
    if lookup.timestamp_lookup_key != "prediction_ts":
        wrong.append(
            f"Its timestamp_lookup_key is {lookup.timestamp_lookup_key!r}; expected prediction_ts."
        )
    if lookup.lookback_window != timedelta(hours=2):
        wrong.append(f"Its lookback_window is {lookup.lookback_window!r}; expected two hours.")
    return wrong


def _wrong_features(lookup: FeatureLookup, features: list[str]) -> list[str]:
    wrong = []
    if features != ["delay_before"]:
        wrong.append(f"It gives {', '.join(features)}; expected delay_before alone.")
    if lookup.feature_names != ["mean_delay_3h"]:
        wrong.append(f"Its feature_names are {lookup.feature_names}; expected mean_delay_3h.")
    if dict(lookup.default_values) != {"delay_before": 0}:
        wrong.append(
            f"Its default_values are {lookup.default_values}; expected 0, under the new name."
        )
    return wrong


EXERCISES = {
    "08.1": Exercise(
        check=check_challenger_set,
        hints=(
            "The lesson has made both lookups already: look for the names of the two FeatureLookups.",
            "Take the call that made training_set. Change the months, and add a second lookup.",
            'df=labels.where("month BETWEEN 7 AND 8"), feature_lookups=[weather, congestion]',
        ),
        solution="""
challenger_set = fe.create_training_set(
    df=labels.where("month BETWEEN 7 AND 8"),
    feature_lookups=[weather, congestion],
    label="late",
    exclude_columns=not_for_the_model,
)

lab.check("08.1", challenger_set)
""",
        praise="Two tables, one timestamp, and every flight is there with what was known.",
    ),
    "08.2": Exercise(
        check=check_lookup,
        hints=(
            "All of it stands in the second table of Key ideas: one argument for each wish.",
            "lookback_window wants a timedelta; default_values wants the new name, not the old one.",
            'rename_outputs={"mean_delay_3h": "delay_before"}, default_values={"delay_before": 0}',
        ),
        solution="""
lookup = FeatureLookup(
    table_name=f"{CATALOG}.{SCHEMA}.airport_congestion",
    lookup_key="origin",
    timestamp_lookup_key="prediction_ts",
    feature_names="mean_delay_3h",
    rename_outputs={"mean_delay_3h": "delay_before"},
    lookback_window=timedelta(hours=2),
    default_values={"delay_before": 0},
)

lab.check("08.2", lookup)
""",
        praise="One feature, its own name, fresh or 0: a lookup says exactly what it wants.",
    ),
}
