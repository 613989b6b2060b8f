"""Lesson 08: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from lakelab.lab import Lab
from lakelab.lessons.lesson_08.exercises import (
    EXERCISES,
    NOT_FOR_THE_MODEL,
    check_challenger_set,
    check_lookup,
)
from lakelab.local.notebook.import_names import answer_official_names
from tests.fake_platform import FakePlatform

answer_official_names()
from databricks.feature_engineering import (  # noqa: E402
    FeatureEngineeringClient,
    FeatureLookup,
)


@pytest.fixture
def lab(spark, schema):
    """Return a stand-in lab with a few flights of June, July and August, and both feature tables."""
    fe, catalog, name = FeatureEngineeringClient(), *schema.split(".")
    departures = pd.to_datetime(
        ["2013-06-30 15:10", "2013-07-01 15:10", "2013-07-01 19:40", "2013-08-09 21:00"]
    )
    labels = pd.DataFrame(
        {
            "flight_id": range(4),
            "carrier": "UA",
            "flight": 7,
            "tailnum": "N1",
            "origin": ["EWR", "EWR", "JFK", "EWR"],
            "month": [6, 7, 7, 8],
            "hour": [11, 11, 15, 17],
            "sched_dep_ts": departures.astype("datetime64[us]"),
            "prediction_ts": (departures - pd.Timedelta(hours=2)).astype("datetime64[us]"),
            "late": [0, 1, 0, 1],
        }
    )
    spark.createDataFrame(labels).write.saveAsTable(f"{schema}.flight_labels")
    hours = pd.date_range("2013-06-30 06:00", "2013-08-10 06:00", freq="h").astype("datetime64[us]")
    rows = pd.MultiIndex.from_product([["EWR", "JFK"], hours], names=["origin", "ts"])
    table = rows.to_frame(index=False)
    features = {
        "airport_weather": table.assign(temp=70.0),
        "airport_congestion": table.assign(
            departures_3h=range(len(table)), mean_delay_3h=1.5, late_share_3h=0.1
        ),
    }
    for feature_table, content in features.items():
        fe.create_table(
            name=f"{schema}.{feature_table}",
            primary_keys=["origin", "ts"],
            timeseries_column="ts",
            df=spark.createDataFrame(content),
        )
    return Lab(FakePlatform(spark, catalog, name))


def names(lab):
    """Return the names that the notebook has defined before the exercises."""
    schema = f"{lab.catalog}.{lab.schema}"
    at = {"lookup_key": "origin", "timestamp_lookup_key": "prediction_ts"}
    return {
        "fe": FeatureEngineeringClient(),
        "FeatureLookup": FeatureLookup,
        "timedelta": timedelta,
        "lab": lab,
        "CATALOG": lab.catalog,
        "SCHEMA": lab.schema,
        "labels": lab.spark.table(f"{schema}.flight_labels"),
        "weather": FeatureLookup(f"{schema}.airport_weather", **at),
        "congestion": FeatureLookup(f"{schema}.airport_congestion", **at),
        "not_for_the_model": NOT_FOR_THE_MODEL,
    }


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_solution_passes(lab, capsys, exercise):
    exec(EXERCISES[exercise].solution, names(lab))
    assert f"{exercise}: right." in capsys.readouterr().out


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_unsolved_cell_is_refused(lab, capsys, exercise):
    lab.check(exercise, ...)
    assert "nothing to check yet" in capsys.readouterr().out


def training_set(lab, months="7 AND 8", time="prediction_ts", **changed):
    given = names(lab)
    late = FeatureLookup(
        f"{lab.catalog}.{lab.schema}.airport_congestion", "origin", timestamp_lookup_key=time
    )
    return given["fe"].create_training_set(
        **{
            "df": given["labels"].where(f"month BETWEEN {months}"),
            "feature_lookups": [given["weather"], late],
            "label": "late",
            "exclude_columns": NOT_FOR_THE_MODEL,
            **changed,
        }
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": "sched_dep_ts"}, "is not that of prediction_ts"),
        ({"months": "6 AND 8"}, "It has 4 rows, expected 3"),
        ({"months": "7 AND 7"}, "It has 2 rows, expected 3"),
        (
            {"exclude_columns": ["flight_id"]},
            "The model would see flight, tailnum, month, sched_dep_ts",
        ),
        ({"exclude_columns": [*NOT_FOR_THE_MODEL, "hour"]}, "lost hour"),
        ({"label": None, "exclude_columns": [*NOT_FOR_THE_MODEL, "late"]}, "no column late"),
    ],
)
def test_mistakes_in_a_training_set(lab, changed, message):
    (mistake,) = check_challenger_set(lab, training_set(lab, **changed))
    assert message in mistake


def test_a_training_set_without_congestion(lab):
    (mistake,) = check_challenger_set(
        lab, training_set(lab, feature_lookups=[names(lab)["weather"]])
    )
    assert "Features of airport_congestion are missing: departures_3h" in mistake


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"timestamp_lookup_key": "sched_dep_ts"}, "expected prediction_ts"),
        ({"timestamp_lookup_key": None, "lookback_window": None}, "expected two hours"),
        ({"lookback_window": timedelta(days=2)}, "expected two hours"),
        ({"lookup_key": ["origin", "prediction_ts"]}, "the key of the table is origin"),
        ({"feature_names": None}, "expected delay_before alone"),
        ({"rename_outputs": None, "default_values": None}, "It gives mean_delay_3h"),
        ({"default_values": None}, "expected 0, under the new name"),
        ({"feature_names": "late_share_3h", "rename_outputs": {"late_share_3h": "delay_before"}},
         "Its feature_names are ['late_share_3h']"),
        ({"table_name": "airport_weather"}, "expected airport_congestion"),
    ],
)  # fmt: skip
def test_mistakes_in_a_lookup(lab, changed, message):
    right = {
        "table_name": f"{lab.catalog}.{lab.schema}.airport_congestion",
        "lookup_key": "origin",
        "timestamp_lookup_key": "prediction_ts",
        "feature_names": "mean_delay_3h",
        "rename_outputs": {"mean_delay_3h": "delay_before"},
        "lookback_window": timedelta(hours=2),
        "default_values": {"delay_before": 0},
    }
    assert message in " ".join(check_lookup(lab, FeatureLookup(**{**right, **changed})))


def test_answers_of_another_type(lab):
    frame = lab.spark.table(f"{lab.catalog}.{lab.schema}.flight_labels")
    assert "not DataFrame" in check_challenger_set(lab, frame)[0]
    assert "not str" in check_lookup(lab, "airport_congestion")[0]
