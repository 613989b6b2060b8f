"""Exercises of lesson 07: write the newest row of each key, and compare two versions of a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lakelab.flights import airport_congestion
from lakelab.lessons.exercise import CheckContext, Exercise

COLUMNS = ["carrier", "month", "flights", "mean_delay"]


def check_newest(lab: CheckContext, newest: Any) -> list[str]:
    """Check the rows of the table `carrier_delays`, regardless of the way they were written."""
    name = f"{lab.catalog}.{lab.schema}.carrier_delays"
    if not lab.spark.catalog.tableExists(name):
        return [f"There is no table {name}. Run the cell above the exercise again."]
    if getattr(newest, "columns", None) is None:
        return [f"newest should be a DataFrame, not {type(newest).__name__}."]
    found = lab.spark.table(name)
    wrong = []
    if extra := [column for column in found.columns if column not in COLUMNS]:
        wrong.append(
            f"The table has gained the column {', '.join(extra)}: merge adds what it does not know. "
            f"Drop it from the DataFrame, run the cell above again, and write anew."
        )
    rows = found.select(*COLUMNS).toPandas().set_index("carrier").sort_index()
    expected = _expected_newest(lab)
    if rows["month"].max() == 5:
        return [*wrong, "The table still knows nothing newer than May. Write with fe.write_table."]
    for carrier in expected.index.difference(rows.index):
        wrong.append(f"Carrier {carrier} is missing: its newest row in `landed` is of June.")
    for carrier in rows.index.difference(expected.index):
        wrong.append(f"There is no carrier {carrier} in `landed`.")
    both = rows.index.intersection(expected.index)
    old = [carrier for carrier in both if rows["month"][carrier] != expected["month"][carrier]]
    if old:
        wrong.append(f"Not the newest month: {', '.join(old)}.")
    elif not (rows.loc[both, "mean_delay"] - expected.loc[both, "mean_delay"]).abs().max() < 1e-6:
        wrong.append("The months are right, but mean_delay is not the one that landed.")
    return wrong


def _expected_newest(lab: CheckContext) -> pd.DataFrame:
    flights = lab.spark.table(f"{lab.catalog}.{lab.schema}.raw_flights")
    landed = flights.where("month IN (6, 7)").select("carrier", "month", "dep_delay").toPandas()
    means = landed.groupby(["carrier", "month"]).agg(mean_delay=("dep_delay", "mean"))
    last = means.reset_index("month").sort_values("month").groupby("carrier").last()
    return last.sort_index()


def check_changed_hours(lab: CheckContext, changed: Any) -> list[str]:
    """Compare with the number of airport-hours that differ between both versions of the features."""
    if hasattr(changed, "count") and hasattr(changed, "columns"):
        return ["That is a DataFrame; count its rows with .count()."]
    if isinstance(changed, bool) or not isinstance(changed, int):
        return [f"changed_hours should be a whole number, not {type(changed).__name__}."]
    first, today = _both_versions(lab)
    expected = _differing(first, today)
    if changed == expected:
        return []
    storm = today["ts"].between(pd.Timestamp("2013-03-08"), pd.Timestamp("2013-03-09 23:00"))
    added = len(today) - len(first)
    mistakes = {
        0: "None? One side must read the first version, the other today's table.",
        int(storm.sum()): "So many were written again; some of them with the same values.",
        len(first): "That is the whole first load: leave late_share_3h out, which is new today.",
        len(
            today
        ): "That is today's whole table: leave late_share_3h out, and begin with the old rows.",
        added: "Those are the rows that were added, not the ones that changed.",
        added + expected: "Rows that were added count, too: begin with the old rows, not today's.",
    }
    return [mistakes.get(changed, f"It is not {changed}. Which columns, and which versions?")]


def _both_versions(lab: CheckContext) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compute the table after the first load, and the table at the end."""
    columns = ["carrier", "origin", "month", "day", "sched_dep_ts", "dep_delay"]
    raw = lab.spark.table(f"{lab.catalog}.{lab.schema}.raw_flights").select(*columns)
    flights = raw.toPandas()
    late = (flights["carrier"] == "EV") & (flights["month"] == 3) & (flights["day"] == 8)
    known = airport_congestion(flights[~late])
    return known[known["ts"] < "2013-07-01"], airport_congestion(flights)


def _differing(first: pd.DataFrame, today: pd.DataFrame) -> int:
    both = first.merge(today, on=["origin", "ts"], suffixes=("", "_today"))
    same = pd.Series(True, index=both.index)
    for column in ("departures_3h", "mean_delay_3h"):
        old, new = both[column], both[f"{column}_today"]
        same &= (old == new) | (old.isna() & new.isna())
    return int((~same).sum())


EXERCISES = {
    "07.1": Exercise(
        check=check_newest,
        hints=(
            "write_table refuses a key that occurs twice. Which row of a carrier do you keep?",
            "One carrier has no row of July: take the newest month of each carrier, not one month.",
            "F.row_number() over Window.partitionBy('carrier').orderBy(F.desc('month')); keep number "
            "1, and drop the number before you write.",
        ),
        solution="""
from pyspark.sql import Window
from pyspark.sql import functions as F

newest_first = Window.partitionBy("carrier").orderBy(F.desc("month"))
newest = (
    landed.withColumn("number", F.row_number().over(newest_first))
    .where("number = 1")
    .drop("number")
)
fe.write_table(name=f"{CATALOG}.{SCHEMA}.carrier_delays", df=newest, mode="merge")

lab.check("07.1", newest)
""",
        praise="One row for each key, the newest: no guess is left to the merge.",
    ),
    "07.2": Exercise(
        check=check_changed_hours,
        hints=(
            "Read both: FROM {name} VERSION AS OF {first_version}, and FROM {name}.",
            "Compare the same columns on both sides: origin, ts, departures_3h, mean_delay_3h.",
            "The old rows EXCEPT the rows of today are those that changed; then .count().",
        ),
        solution="""
columns = "origin, ts, departures_3h, mean_delay_3h"
changed_hours = spark.sql(f\"\"\"
    SELECT {columns} FROM {name} VERSION AS OF {first_version}
    EXCEPT
    SELECT {columns} FROM {name}
\"\"\").count()

lab.check("07.2", changed_hours)
""",
        praise="Only these say something new; the other rows were written with the values they had.",
    ),
}
