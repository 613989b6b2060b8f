"""Exercises of lesson 09: score a batch with keys only, and override a feature for some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakelab.lessons.exercise import CheckContext, Exercise

if TYPE_CHECKING:
    import pandas as pd

NEEDED = (
    "flight_id", "carrier", "origin", "dest", "distance", "hour", "sched_arr_time", "day_of_week",
    "prediction_ts",
)  # fmt: skip
"""The columns of exercise 1: the id of a flight, and the inputs that the Champion does not look up."""

JULY = "month = 7 AND origin = 'JFK'"
FRIDAY = (
    "sched_dep_ts >= TIMESTAMP '2013-12-20 05:00:00' "
    "AND sched_dep_ts < TIMESTAMP '2013-12-21 05:00:00'"
)
FOG = 0.25


def check_july(lab: CheckContext, scored: Any) -> list[str]:
    """Check the columns, the rows and the type of the prediction without a new prediction."""
    if wrong := _not_scored(scored, "july"):
        return wrong
    columns = scored.columns
    given = [name for name in columns if name in lab.spark.table(_labels(lab)).columns]
    if "late" in given:
        wrong.append("It has `late`: in July nobody knew it yet. Drop it before you score.")
    if more := [name for name in given if name not in NEEDED and name != "late"]:
        wrong.append(f"{', '.join(more)}: the model needs none of these from you.")
    if "flight_id" not in given:
        wrong.append("Without `flight_id` nobody can tell whose prediction it is.")
    else:
        expected = lab.spark.table(_labels(lab)).where(JULY).select("flight_id").toPandas()
        found = scored.select("flight_id").toPandas()
        wrong += _same_flights(found["flight_id"], expected["flight_id"], "July flights from JFK")
    type_ = dict(scored.dtypes)["prediction"]
    if type_ not in ("int", "bigint"):
        wrong.append(f"`prediction` is {type_}. Which argument says what type it has?")
    if "visib" not in columns:
        wrong.append(
            "The weather is missing: give what score_batch returned, with all its columns."
        )
    return wrong


def check_newark_fog(lab: CheckContext, scored: Any) -> list[str]:
    """Compare the visibility of each flight with the fog, or with the table."""
    if wrong := _not_scored(scored, "newark_fog"):
        return wrong
    columns = ["flight_id", "origin", "visib", "prediction"]
    if missing := [name for name in columns if name not in scored.columns]:
        return [f"It lacks {', '.join(missing)}; expected the columns {', '.join(columns)}."]
    found, measured = scored.select(*columns).toPandas(), _measured(lab)
    wrong = _same_flights(found["flight_id"], measured["flight_id"], "flights of `friday`")
    if wrong:
        return wrong
    newark = found["origin"] == "EWR"
    if not (found.loc[newark, "visib"] == FOG).all():
        wrong.append(f"The flights from EWR should all see visib {FOG}.")
    others = found[~newark].merge(measured[["flight_id", "visib"]], on="flight_id")
    visibility, expected = others["visib_x"], others["visib_y"]
    if visibility.isna().all():
        wrong.append(
            "JFK and LGA have no visibility at all. A column wins for every row, its nulls included: "
            "score EWR and the others apart."
        )
    elif (visibility == FOG).all():
        wrong.append("The fog is everywhere: at JFK and LGA, visib should come from the table.")
    elif not ((visibility == expected) | (visibility.isna() & expected.isna())).all():
        wrong.append("At JFK and LGA, visib is not what the table says for each flight.")
    if found["prediction"].isna().any():
        wrong.append("Some flights have no prediction.")
    return wrong


def _labels(lab: CheckContext) -> str:
    return f"{lab.catalog}.{lab.schema}.flight_labels"


def _not_scored(scored: Any, name: str) -> list[str]:
    from pyspark.sql import DataFrame

    if not isinstance(scored, DataFrame):
        return [f"{name} should be a Spark DataFrame, not {type(scored).__name__}."]
    if "prediction" not in scored.columns:
        return ["It has no column `prediction`: fe.score_batch adds it."]
    return []


def _same_flights(found: pd.Series[Any], expected: pd.Series[Any], what: str) -> list[str]:
    if found.duplicated().any():
        return ["Some flights are there twice."]
    if set(found) != set(expected):
        return [f"It has {len(found):,} flights, expected the {len(expected):,} {what}."]
    return []


def _measured(lab: CheckContext) -> pd.DataFrame:
    """Return the flights of `friday` with the visibility at their `prediction_ts`."""
    import pandas as pd

    friday = lab.spark.table(_labels(lab)).where(FRIDAY)
    flights = friday.select("flight_id", "origin", "prediction_ts").toPandas()
    weather = lab.spark.table(f"{lab.catalog}.{lab.schema}.airport_weather")
    return pd.merge_asof(
        flights.sort_values("prediction_ts"),
        weather.select("origin", "ts", "visib").toPandas().sort_values("ts"),
        left_on="prediction_ts",
        right_on="ts",
        by="origin",
    )


EXERCISES = {
    "09.1": Exercise(
        check=check_july,
        hints=(
            "The table under 'What the model remembers' lists the inputs; those without a table are yours.",
            "Start from labels.where(\"month = 7 AND origin = 'JFK'\") and select the columns.",
            'result_type="int" makes the prediction a whole number.',
        ),
        solution="""
needed = ["carrier", "origin", "dest", "distance", "hour", "sched_arr_time", "day_of_week", "prediction_ts"]

july = fe.score_batch(
    model_uri=f"models:/{MODEL}@Champion",
    df=labels.where("month = 7 AND origin = 'JFK'").select("flight_id", *needed),
    result_type="int",
)

lab.check("09.1", july)
""",
        praise="Keys, a time and the schedule went in; weather and predictions came out.",
    ),
    "09.2": Exercise(
        check=check_newark_fog,
        hints=(
            "A column wins for every row of its DataFrame. So make two DataFrames.",
            "Only the flights from EWR get a column visib; the others are scored as they are.",
            "Select the same four columns from both results, then unionByName.",
        ),
        solution="""
champion = f"models:/{MODEL}@Champion"
in_fog = friday.where("origin = 'EWR'").withColumn("visib", F.lit(0.25))
as_measured = friday.where("origin <> 'EWR'")

wanted = ["flight_id", "origin", "visib", "prediction"]
newark_fog = (
    fe.score_batch(model_uri=champion, df=in_fog).select(wanted)
    .unionByName(fe.score_batch(model_uri=champion, df=as_measured).select(wanted))
)

lab.check("09.2", newark_fog)
""",
        praise="Fog where there is fog, and the table's word everywhere else.",
    ),
}
