"""Lesson 09: the checks of its exercises find common mistakes and accept the solutions."""

from __future__ import annotations

import pandas as pd
import pytest
from pyspark.sql import functions as F

from lakelab.lab import Lab
from lakelab.lessons.lesson_09.exercises import EXERCISES, FRIDAY, JULY
from lakelab.local.notebook.import_names import answer_official_names
from tests.fake_platform import FakePlatform

answer_official_names()

NEEDED = ["carrier", "origin", "dest", "distance", "hour", "sched_arr_time", "day_of_week"]


class StandInClient:
    """Scores like `score_batch`, with a model that predicts delays for a low visibility."""

    def __init__(self, weather: pd.DataFrame):
        self.weather = weather

    def score_batch(self, *, model_uri, df, result_type="double"):
        assert model_uri == "models:/main.flights.flight_delay@Champion"
        rows = df.toPandas().sort_values("prediction_ts")
        if "visib" not in rows:
            rows = pd.merge_asof(
                rows,
                self.weather,
                left_on="prediction_ts",
                right_on="ts",
                by="origin",
            ).drop(columns="ts")
        scored = df.sparkSession.createDataFrame(rows)
        late = (F.col("visib") < 1).cast(result_type)
        return scored.withColumn("prediction", F.coalesce(late, F.lit(0).cast(result_type)))


@pytest.fixture
def weather() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (origin, pd.Timestamp(ts), visib)
            for ts, clear in (("2013-07-01", 9.0), ("2013-12-20", 8.0), ("2013-12-20 12:00", 7.0))
            for origin, visib in (("EWR", clear), ("JFK", clear - 3), ("LGA", clear - 4))
        ],
        columns=["origin", "ts", "visib"],
    )


@pytest.fixture
def lab(spark, schema, weather) -> Lab:
    catalog, _, name = schema.partition(".")
    days = ["2013-06-30", "2013-07-04", "2013-12-19", "2013-12-20", "2013-12-20 05:00"]
    flights = [(origin, pd.Timestamp(day)) for day in days for origin in ("EWR", "JFK", "LGA")]
    labels = pd.DataFrame(flights, columns=["origin", "day"]).assign(
        sched_dep_ts=lambda row: row["day"] + pd.Timedelta(hours=15), carrier="UA", dest="ORD",
        distance=719, hour=10, sched_arr_time=1200, day_of_week=3, late=0, flight=1, tailnum="N1"
    )  # fmt: skip
    labels["prediction_ts"] = labels["sched_dep_ts"] - pd.Timedelta(hours=2)
    labels["month"] = labels["day"].dt.month
    labels.insert(0, "flight_id", range(len(labels)))
    spark.createDataFrame(labels.drop(columns="day")).write.saveAsTable(f"{schema}.flight_labels")
    spark.createDataFrame(weather).write.saveAsTable(f"{schema}.airport_weather")
    return Lab(FakePlatform(spark, catalog, name))


@pytest.fixture
def notebook(lab, weather) -> dict:
    """Return the names that the lesson has defined before the exercises."""
    labels = lab.spark.table(f"{lab.catalog}.{lab.schema}.flight_labels")
    return {
        "F": F,
        "MODEL": "main.flights.flight_delay",
        "fe": StandInClient(weather.sort_values("ts")),
        "friday": labels.where(FRIDAY).drop("late"),
        "lab": lab,
        "labels": labels,
    }


@pytest.mark.parametrize("exercise", EXERCISES)
class TestEachExercise:
    def test_the_solution_passes(self, exercise, notebook, capsys):
        exec(EXERCISES[exercise].solution, notebook)
        assert capsys.readouterr().out.startswith(f"{exercise}: right.")

    def test_the_unsolved_cell_is_refused(self, exercise, lab, capsys):
        lab.check(exercise, ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_an_answer_that_is_no_scored_dataframe_is_refused(self, exercise, notebook):
        check, friday = EXERCISES[exercise].check, notebook["friday"]
        assert "Spark DataFrame, not DataFrame" in check(notebook["lab"], friday.toPandas())[0]
        assert "no column `prediction`" in check(notebook["lab"], friday)[0]


def july(notebook, *columns, where=JULY, **arguments) -> str:
    df = notebook["labels"].where(where).select(*columns)
    uri = f"models:/{notebook['MODEL']}@Champion"
    scored = notebook["fe"].score_batch(model_uri=uri, df=df, **arguments)
    return " ".join(EXERCISES["09.1"].check(notebook["lab"], scored))


def test_july_with_too_many_columns(notebook):
    needed = ["flight_id", *NEEDED, "prediction_ts"]
    assert "nobody knew it" in july(notebook, *needed, "late", result_type="int")
    message = july(notebook, *needed, "tailnum", "month", result_type="int")
    assert message == "tailnum, month: the model needs none of these from you."


def test_july_without_ids_or_with_other_flights(notebook):
    assert "whose prediction" in july(notebook, *NEEDED, "prediction_ts", result_type="int")
    needed = ["flight_id", *NEEDED, "prediction_ts"]
    message = july(notebook, *needed, where="month = 7", result_type="int")
    assert message == "It has 3 flights, expected the 1 July flights from JFK."


def test_july_with_doubles(notebook):
    assert "`prediction` is double" in july(notebook, "flight_id", *NEEDED, "prediction_ts")


def newark_fog(notebook, df) -> list[str]:
    uri = f"models:/{notebook['MODEL']}@Champion"
    scored = notebook["fe"].score_batch(model_uri=uri, df=df)
    return EXERCISES["09.2"].check(notebook["lab"], scored)


def test_fog_with_nulls_elsewhere(notebook):
    fog = F.when(F.col("origin") == "EWR", F.lit(0.25))
    (message,) = newark_fog(notebook, notebook["friday"].withColumn("visib", fog))
    assert "its nulls included" in message


def test_fog_everywhere_or_nowhere(notebook):
    (message,) = newark_fog(notebook, notebook["friday"].withColumn("visib", F.lit(0.25)))
    assert "The fog is everywhere" in message
    (message,) = newark_fog(notebook, notebook["friday"])
    assert "EWR should all see visib 0.25" in message


def test_fog_with_one_value_for_all_others(notebook):
    fog = F.when(F.col("origin") == "EWR", F.lit(0.25)).otherwise(F.lit(5.0))
    (message,) = newark_fog(notebook, notebook["friday"].withColumn("visib", fog))
    assert "not what the table says" in message


def test_fog_for_some_flights_or_twice(notebook):
    friday = notebook["friday"]
    (message,) = newark_fog(notebook, friday.where("origin = 'EWR'"))
    assert "expected the 6 flights of `friday`" in message
    (message,) = newark_fog(notebook, friday.unionByName(friday))
    assert message == "Some flights are there twice."


def test_fog_without_the_required_columns(notebook):
    uri = f"models:/{notebook['MODEL']}@Champion"
    scored = notebook["fe"].score_batch(model_uri=uri, df=notebook["friday"])
    message = EXERCISES["09.2"].check(notebook["lab"], scored.select("flight_id", "prediction"))
    assert message[0].startswith("It lacks origin, visib;")
