"""create_training_set: joins, columns, and errors before any data is read."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from databricks.sdk.errors import NotFound
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakelab.local.feature_engineering import (
    FeatureEngineeringClient,
    FeatureFunction,
    FeatureLookup,
)
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient
HOUR = datetime.timedelta(hours=1)


def weather_lookup(**changes: Any) -> FeatureLookup:
    return FeatureLookup(
        **{
            "table_name": "weather",
            "lookup_key": "origin",
            "timestamp_lookup_key": "at",
            **changes,
        }
    )


def load(fe: Client, df: DataFrame, *lookups: FeatureLookup, **options: Any) -> DataFrame:
    options = {"label": "late", **options}
    return fe.create_training_set(df=df, feature_lookups=list(lookups), **options).load_df()


def values(df: DataFrame, column: str) -> list[Any]:
    return [row[column] for row in df.collect()]


def test_features_are_looked_up_as_of_the_time(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame
) -> None:
    df = load(fe, flights, weather_lookup(), FeatureLookup("planes", "tailnum"))
    # JFK at 1h sees hour 0; JFK at 2h sees hour 2 (inclusive) with its null wind; EWR at 0h sees
    # no row yet; a null key matches no row.
    assert values(df, "wind") == [5.0, None, None, None]
    assert values(df, "sky") == ["clear", "fog", None, None]
    assert values(df, "seats") == [100, 200, None, 100]
    assert values(df, "flight") == [1, 2, 3, 4]


def test_columns_come_in_order_and_labels_last(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame
) -> None:
    df = load(fe, flights, FeatureLookup("planes", "tailnum"), weather_lookup())
    assert df.dtypes == [
        ("flight", "bigint"),
        ("origin", "string"),
        ("at", "timestamp"),
        ("tailnum", "string"),
        ("seats", "bigint"),
        ("sky", "string"),
        ("wind", "double"),
        ("late", "bigint"),
    ]
    chosen = load(
        fe,
        flights,
        weather_lookup(feature_names=["wind", "sky"]),
        label=["late", "flight"],
        exclude_columns=["at", "origin", "tailnum"],
    )
    assert chosen.columns == ["wind", "sky", "late", "flight"]


@pytest.mark.parametrize("exclude", ["flight", ["flight"]], ids=["str", "list"])
def test_a_single_excluded_column_can_be_a_string(
    fe: Client, planes: DataFrame, flights: DataFrame, exclude: Any
) -> None:
    # the string 'flight' must not be split into letters
    df = load(
        fe,
        flights.withColumn("light", F.lit(1)),
        FeatureLookup("planes", "tailnum"),
        exclude_columns=exclude,
    )
    assert "flight" not in df.columns
    assert "light" in df.columns


def test_no_label(fe: Client, planes: DataFrame, flights: DataFrame) -> None:
    df = load(fe, flights.drop("late"), FeatureLookup("planes", "tailnum"), label=None)
    assert df.columns[-1] == "seats"


def test_excluded_features_are_not_looked_up(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame
) -> None:
    made = fe.create_training_set(
        df=flights,
        feature_lookups=[weather_lookup(), FeatureLookup("planes", "tailnum")],
        label="late",
        exclude_columns=["seats", "wind", "origin", "at", "flight"],
    )
    assert made.load_df().columns == ["tailnum", "sky", "late"]
    assert [table.name.rpartition(".")[2] for table in made.feature_spec.tables] == ["weather"]
    assert [c.name for c in made.feature_spec.source_columns] == ["origin", "at", "tailnum"]


def test_several_lookups_of_one_table(fe: Client, weather: DataFrame, flights: DataFrame) -> None:
    df = flights.withColumn("before", F.expr("at - INTERVAL 1 HOUR")).withColumn(
        "dest", F.lit("EWR")
    )
    got = load(
        fe,
        df,
        weather_lookup(feature_names="sky"),
        weather_lookup(
            feature_names="sky", rename_outputs={"sky": "sky_before"}, timestamp_lookup_key="before"
        ),
        weather_lookup(
            feature_names="wind", rename_outputs={"wind": "wind_dest"}, lookup_key="dest"
        ),
    )
    assert values(got, "sky") == ["clear", "fog", None, None]
    assert values(got, "sky_before") == ["clear", "clear", None, None]
    assert values(got, "wind_dest") == [9.0, 9.0, None, 9.0]


def test_a_lookup_key_can_be_a_feature(
    fe: Client, spark: LocalSparkSession, planes: DataFrame
) -> None:
    makers = spark.createDataFrame([(100, "Airbus"), (200, "Boeing")], "size BIGINT, maker STRING")
    fe.create_table(name="makers", primary_keys="size", df=makers)
    rows = spark.createDataFrame([("b", 1), ("a", 0), ("z", 0)], "tailnum STRING, late INT")
    df = load(
        fe,
        rows,
        FeatureLookup("makers", "seats"),
        FeatureLookup("planes", "tailnum"),
        exclude_columns=["seats"],
    )
    assert df.columns == ["tailnum", "maker", "late"]
    assert values(df, "maker") == ["Boeing", "Airbus", None]


def test_keys_of_several_columns_are_matched_in_order(fe: Client, spark: LocalSparkSession) -> None:
    routes = spark.createDataFrame(
        [("JFK", "EWR", 1), ("EWR", "JFK", 2)], "origin STRING, dest STRING, n INT"
    )
    fe.create_table(name="routes", primary_keys=["origin", "dest"], df=routes)
    rows = spark.createDataFrame([("JFK", "EWR", 0)], "a STRING, b STRING, late INT")
    assert values(load(fe, rows, FeatureLookup("routes", ["a", "b"])), "n") == [1]
    assert values(load(fe, rows, FeatureLookup("routes", ["b", "a"])), "n") == [2]


@pytest.mark.parametrize(("hours", "sky"), [(0.5, None), (1, "clear"), (None, "clear")])
def test_a_lookback_window(
    fe: Client, weather: DataFrame, flights: DataFrame, hours: float | None, sky: str | None
) -> None:
    window = None if hours is None else HOUR * hours
    df = load(fe, flights.limit(1), weather_lookup(lookback_window=window))
    assert values(df, "sky") == [sky]


def test_default_values_replace_null_and_nan(
    fe: Client, spark: LocalSparkSession, weather: DataFrame, planes: DataFrame, flights: DataFrame
) -> None:
    df = load(
        fe,
        flights,
        weather_lookup(
            rename_outputs={"sky": "seen"}, default_values={"wind": 0, "seen": "unknown"}
        ),
        FeatureLookup("planes", "tailnum", default_values={"seats": 7}),
    )
    assert values(df, "wind") == [5.0, 0.0, 0.0, 0.0]
    assert values(df, "seen") == ["clear", "fog", "unknown", "unknown"]
    assert values(df, "seats") == [100, 200, 7, 100]
    assert dict(df.dtypes)["seats"] == "bigint"
    fe.create_table(name="n", primary_keys="k", df=spark.sql("SELECT 1L AS k, double('NaN') AS x"))
    df = load(fe, flights, FeatureLookup("n", "flight", default_values={"x": 0.5}))
    assert values(df, "x") == [0.5] * 4


def test_all_rows_stay_in_order_without_duplicates(
    fe: Client, spark: LocalSparkSession, weather: DataFrame, planes: DataFrame
) -> None:
    rng = np.random.default_rng(7)
    n = 20_000
    rows = pd.DataFrame(
        {
            "i": np.arange(n),
            "origin": rng.choice(["JFK", "EWR", "LGA", None], n),
            "at": pd.Timestamp("2023-12-31 23:00")
            + pd.to_timedelta(rng.integers(0, 6, n), unit="h"),
            "tailnum": rng.choice(["a", "z"], n),
            "late": 0,
        }
    )
    df = load(fe, spark.createDataFrame(rows), weather_lookup(), FeatureLookup("planes", "tailnum"))
    assert df.toPandas()["i"].tolist() == rows["i"].tolist()


def test_a_duplicate_key_in_the_table_duplicates_no_row(
    fe: Client, spark: LocalSparkSession, planes: DataFrame, flights: DataFrame
) -> None:
    spark.sql("INSERT INTO planes VALUES ('a', 100)")  # a primary key is not enforced
    assert values(load(fe, flights, FeatureLookup("planes", "tailnum")), "flight") == [1, 2, 3, 4]


def test_types_do_not_change(fe: Client, spark: LocalSparkSession) -> None:
    columns = (
        "1L k, 2 i, CAST(1.5 AS FLOAT) f, 'x' s, true b, DATE'2024-01-01' da, "
        "TIMESTAMP'2024-01-01 01:02:03.123456' ts, CAST(1.25 AS DECIMAL(10,2)) de, array(1) ar, "
        "map('a', 1) m, named_struct('x', 1) st, CAST(1 AS SMALLINT) sm, CAST('a' AS BINARY) bi"
    )
    table = spark.sql(f"SELECT {columns}")
    fe.create_table(name="t", primary_keys="k", df=table)
    rows = spark.sql("SELECT 1L AS k, CAST(0.5 AS DECIMAL(3,1)) AS mine, true AS late")
    df = load(fe, rows, FeatureLookup("t", "k"))
    types = {**dict(table.dtypes), "mine": "decimal(3,1)", "late": "boolean"}
    assert dict(df.dtypes) == types
    row, expected = df.first(), table.first()
    assert all(row[name] == expected[name] for name in table.columns)  # type: ignore[index]


def test_the_time_series_column_can_be_a_date(fe: Client, spark: LocalSparkSession) -> None:
    prices = spark.sql(
        "SELECT 'a' k, DATE'2024-01-02' d, 1 x UNION ALL SELECT 'a', DATE'2024-01-05', 2"
    )
    fe.create_table(name="t", primary_keys=["k", "d"], timeseries_column="d", df=prices)
    rows = spark.sql(
        "SELECT 'a' k, DATE'2024-01-04' day, 0 late UNION ALL SELECT 'a', DATE'2024-01-01', 0"
    )
    df = load(fe, rows, FeatureLookup("t", "k", timestamp_lookup_key="day"))
    assert sorted(values(df, "x"), key=str) == [1, None]


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "none of the three": ({"feature_lookups": None}, ValueError, "Exactly one of"),
    "two of the three": ({"feature_spec": "a.b.c"}, ValueError, "feature_lookups and feature_spec"),
    "no such spec": ({"feature_lookups": None, "feature_spec": "main.default.c"}, NotFound, "main.default.c"),
    "spec of another kind": ({"feature_lookups": None, "feature_spec": 3}, TypeError, "must be a string"),
    "declarative": ({"feature_lookups": None, "features": []}, NotImplementedError, "'features'"),
    "not a list": ({"feature_lookups": FeatureLookup("planes", "tailnum")}, TypeError, "a list"),
    "not a lookup": ({"feature_lookups": ["planes"]}, TypeError, r"feature_lookups\[0\]"),
    "no such function": ({"feature_lookups": [FeatureFunction(udf_name="main.default.f")]}, NotFound, "main.default.f"),
    "label not there": ({"label": "delayed"}, ValueError, "'delayed' was not found"),
    "label twice": ({"label": ["late", "late"]}, ValueError, "label names 'late'"),
    "label excluded": ({"exclude_columns": ["late"]}, ValueError, "'late' cannot be excluded"),
    "label is a feature": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum", rename_outputs={"seats": "late"})]},
        ValueError,
        "same output name as label 'late'",
    ),
    "pandas": ({"df": pd.DataFrame({"late": [1]})}, ValueError, "createDataFrame"),
    "unknown argument": ({"exclude": "x"}, TypeError, "exclude"),
    "unknown table": ({"feature_lookups": [FeatureLookup("nope", "tailnum")]}, ValueError, "nope.*could not be found"),
    "unknown feature": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum", feature_names="wings")]},
        ValueError,
        "feature 'wings'.*It has: tailnum, seats",
    ),
    "unknown key": ({"feature_lookups": [FeatureLookup("planes", "tail")]}, ValueError, "columns 'tail' required"),
    "too many keys": (
        {"feature_lookups": [FeatureLookup("planes", ["tailnum", "origin"])]},
        ValueError,
        "number of primary keys",
    ),
    "key of another type": ({"feature_lookups": [FeatureLookup("planes", "flight")]}, ValueError, "cast"),
    "no time for a time series": (
        {"feature_lookups": [FeatureLookup("weather", "origin")]},
        ValueError,
        "number of timestamp keys",
    ),
    "time for no time series": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum", timestamp_lookup_key="at")]},
        ValueError,
        "number of timestamp keys",
    ),
    "time not there": ({"feature_lookups": [weather_lookup(timestamp_lookup_key="when")]}, ValueError, "'when' not found"),
    "time of another type": ({"feature_lookups": [weather_lookup(timestamp_lookup_key="day")]}, ValueError, "'day' has type 'date'"),
    "the same feature twice": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum")] * 2},
        ValueError,
        "feature output names 'seats'",
    ),
    "a column of that name": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum", rename_outputs={"seats": "flight"})]},
        ValueError,
        "match feature output names.*'flight'",
    ),
    "two windows for one table": (
        {
            "feature_lookups": [
                weather_lookup(feature_names="wind", lookback_window=HOUR),
                weather_lookup(feature_names="sky"),
            ]
        },
        ValueError,
        "lookback_window must be the same",
    ),
    "default of another type": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum", default_values={"seats": "many"})]},
        ValueError,
        "'many'.*bigint",
    ),
    "default for nothing": (
        {"feature_lookups": [FeatureLookup("planes", "tailnum", default_values={"wings": 2})]},
        ValueError,
        "'wings'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_arguments_raise(
    fe: Client, weather: DataFrame, planes: DataFrame, flights: DataFrame, case: str
) -> None:
    change, error, names = REFUSED[case]
    good: dict[str, Any] = {
        "df": flights.withColumn("day", F.expr("CAST(at AS DATE)")),
        "feature_lookups": [FeatureLookup("planes", "tailnum")],
        "label": "late",
    }
    with pytest.raises(error, match=names):
        fe.create_training_set(**{**good, **change})


def test_duplicate_column_names_raise(fe: Client, planes: DataFrame, flights: DataFrame) -> None:
    twice = flights.select("*", flights["flight"])
    with pytest.raises(ValueError, match="DataFrame column names 'flight'"):
        load(fe, twice, FeatureLookup("planes", "tailnum"))


@pytest.mark.parametrize("type_", ["TIMESTAMP", "DATE"])
def test_a_time_in_the_key_must_be_declared(
    fe: Client, spark: LocalSparkSession, flights: DataFrame, type_: str
) -> None:
    spark.sql(
        f"CREATE TABLE t (k STRING NOT NULL, ts {type_} NOT NULL, x INT, PRIMARY KEY (k, ts))"
    )
    with pytest.raises(ValueError, match=r"'ts'.*not declared as time series.*TIMESERIES"):
        load(fe, flights, FeatureLookup("t", ["origin", "at"]))


def test_a_table_without_a_key(fe: Client, spark: LocalSparkSession, flights: DataFrame) -> None:
    spark.sql("CREATE TABLE t AS SELECT 1 AS k")
    with pytest.raises(ValueError, match="no primary key"):
        load(fe, flights, FeatureLookup("t", "flight"))
