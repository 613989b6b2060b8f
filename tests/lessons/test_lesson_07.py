"""Lesson 07: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
import pytest

from lakelab.flights import airport_congestion, read_raw
from lakelab.lab import Lab
from lakelab.lessons.lesson_07.exercises import EXERCISES
from lakelab.local.notebook.import_names import answer_official_names
from lakelab.study import exercises
from tests.fake_platform import FakePlatform

RAW = ["carrier", "origin", "month", "day", "sched_dep_ts", "dep_delay"]


def notebook(spark: Any, schema: str, flights: pd.DataFrame) -> dict[str, Any]:
    """Return the names that the notebook has defined before the exercises, with `raw_flights`."""
    answer_official_names()
    from databricks.feature_engineering import FeatureEngineeringClient

    spark.createDataFrame(flights[RAW]).write.saveAsTable(f"{schema}.raw_flights")
    catalog, own = schema.split(".")
    return {
        "spark": spark,
        "lab": Lab(FakePlatform(spark, catalog, own)),
        "fe": FeatureEngineeringClient(),
        "CATALOG": catalog,
        "SCHEMA": own,
    }


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_unsolved_cell_is_refused(exercise, capsys):
    assert not exercises.check(Lab(FakePlatform(cast("Any", None), "", "")), exercise, ...)
    assert "nothing to check yet" in capsys.readouterr().out


class TestNewest:
    """07.1: the newest month of each carrier."""

    @pytest.fixture
    def names(self, spark: Any, schema: str) -> dict[str, Any]:
        flights = read_raw("flights")
        names = notebook(spark, schema, flights[flights["month"].between(5, 7)])
        monthly = spark.sql(f"""
            SELECT carrier, month, count(*) AS flights, avg(dep_delay) AS mean_delay
            FROM {schema}.raw_flights GROUP BY carrier, month
        """)
        names["landed"] = monthly.where("month IN (6, 7)")
        names["fe"].create_table(
            name=f"{schema}.carrier_delays", primary_keys="carrier", df=monthly.where("month = 5")
        )
        return names

    def write(self, names: dict[str, Any], df: Any) -> None:
        names["fe"].write_table(name="carrier_delays", df=df)

    def test_nothing_written(self, names, capsys):
        assert not exercises.check(names["lab"], "07.1", names["landed"])
        assert "nothing newer than May" in capsys.readouterr().out

    def test_not_a_dataframe(self, names, capsys):
        assert not exercises.check(names["lab"], "07.1", 16)
        assert "not int" in capsys.readouterr().out

    def test_the_carrier_of_june_forgotten(self, names, capsys):
        july = names["landed"].where("month = 7")
        self.write(names, july)
        assert not exercises.check(names["lab"], "07.1", july)
        assert "Carrier OO is missing" in capsys.readouterr().out

    def test_the_older_month_kept(self, names, capsys):
        june = names["landed"].where("month = 6")
        self.write(names, june)
        assert not exercises.check(names["lab"], "07.1", june)
        assert "Not the newest month: 9E, AA" in capsys.readouterr().out

    def test_months_right_but_delays_not(self, names, capsys):
        self.write(names, names["landed"].where("month = 6"))
        wrong = names["landed"].where("month = 7").selectExpr(
            "carrier", "month", "flights", "mean_delay + 1 AS mean_delay"
        )  # fmt: skip
        self.write(names, wrong)
        assert not exercises.check(names["lab"], "07.1", wrong)
        assert "mean_delay is not the one" in capsys.readouterr().out

    def test_the_row_number_left_in(self, names, capsys):
        wrong = EXERCISES["07.1"].solution.replace('.drop("number")', "")
        exec(wrong, names)
        assert "gained the column number" in capsys.readouterr().out

    def test_no_table(self, names, capsys):
        names["spark"].sql("DROP TABLE carrier_delays")
        assert not exercises.check(names["lab"], "07.1", names["landed"])
        assert "There is no table" in capsys.readouterr().out

    def test_solution(self, names, capsys):
        exec(EXERCISES["07.1"].solution, names)
        assert "07.1: right." in capsys.readouterr().out


class TestChangedHours:
    """07.2: the difference between the first version and the current table."""

    @pytest.fixture
    def names(self, spark: Any, schema: str) -> dict[str, Any]:
        return notebook(spark, schema, read_raw("flights"))

    def test_wrong_answers(self, names, capsys):
        ts = airport_congestion(read_raw("flights"))["ts"]
        first, today = int((ts < "2013-07-01").sum()), len(ts)
        answers: list[tuple[Any, str]] = [
            (0, "One side must read the first version"),
            (144, "written again"),
            (first, "the whole first load"),
            (today, "today's whole table"),
            (today - first, "were added"),
            (today - first + 46, "begin with the old rows"),
            (47, "It is not 47"),
            ("46", "not str"),
            (True, "not bool"),
            (names["spark"].range(1), ".count()"),
        ]
        for answer, words in answers:
            assert not exercises.check(names["lab"], "07.2", answer)
            assert words in capsys.readouterr().out, answer

    def test_solution(self, names, capsys):
        spark, fe = names["spark"], names["fe"]
        flights = read_raw("flights")
        late = (flights["carrier"] == "EV") & (flights["month"] == 3) & (flights["day"] == 8)
        known = airport_congestion(flights[~late])
        known = known[known["ts"] < "2013-07-01"].drop(columns="late_share_3h")
        names["name"] = f"{names['CATALOG']}.{names['SCHEMA']}.airport_congestion"
        fe.create_table(
            name=names["name"],
            primary_keys=["origin", "ts"],
            timeseries_column="ts",
            df=spark.createDataFrame(known),
        )
        history = spark.sql(f"DESCRIBE HISTORY {names['name']}")
        names["first_version"] = history.agg({"version": "max"}).first()[0]
        fe.write_table(name=names["name"], df=spark.createDataFrame(airport_congestion(flights)))
        exec(EXERCISES["07.2"].solution, names)
        assert "07.2: right." in capsys.readouterr().out
