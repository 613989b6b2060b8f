"""``summary`` and ``describe`` answer as Spark does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyspark.errors import IllegalArgumentException
from pyspark.sql import DataFrame

from lakelab.local.spark.session import LocalSparkSession


@pytest.fixture
def df(spark: LocalSparkSession) -> DataFrame:
    day = date(2026, 1, 1)
    rows = [
        (5, 1.0, Decimal("1.50"), "north", "1", True, day),
        (20, 2.0, Decimal("2.50"), "south", "2", True, day),
        (7, None, None, None, "x", None, day),
        (None, 4.0, Decimal("9.50"), "south", None, False, day),
    ]
    schema = "n INT, x DOUBLE, `d.e` DECIMAL(10, 2), g STRING, t STRING, b BOOLEAN, day DATE"
    return spark.createDataFrame(rows, schema)


def test_summary(df: DataFrame) -> None:
    result = df.summary()
    assert result.schema.simpleString() == (
        "struct<summary:string,n:string,x:string,d.e:string,g:string,t:string>"
    )
    assert [tuple(row) for row in result.collect()] == [
        ("count", "3", "3", "3", "3", "3"),
        ("mean", "10.666666666666666", "2.3333333333333335", "4.500000", None, "1.5"),
        ("stddev", "8.144527815247077", "1.5275252316519465", "4.358898943540674", None,
         "0.7071067811865476"),
        ("min", "5", "1.0", "1.50", "north", "1"),
        ("25%", "5", "1.0", "1.50", None, "1.0"),
        ("50%", "7", "2.0", "2.50", None, "1.0"),
        ("75%", "20", "4.0", "9.50", None, "2.0"),
        ("max", "20", "4.0", "9.50", "south", "x"),
    ]  # fmt: skip


def test_some_statistics(df: DataFrame) -> None:
    rows = df.select("n", "g").summary("max", "count_distinct", "33.3%", "0%", "100%", "COUNT")
    assert rows.collect() == [
        ("max", "20", "south"),
        ("count_distinct", "3", "2"),
        ("33.3%", "5", None),
        ("0%", "5", None),
        ("100%", "20", None),
        ("COUNT", "3", "3"),
    ]
    assert df.select("b").summary("min").collect() == [("min",)]
    assert df.where("n > 99").select("n").summary("count", "50%").collect() == [
        ("count", "0"),
        ("50%", None),
    ]


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        ("variance", "variance is not a recognised statistic"),
        ("x%", "Unable to parse x% as a percentile"),
        ("101%", "Percentiles must be in the range"),
    ],
)
def test_an_unknown_statistic_is_refused(df: DataFrame, statistic: str, message: str) -> None:
    with pytest.raises(IllegalArgumentException, match=message):
        df.summary(statistic).collect()


def test_describe(df: DataFrame) -> None:
    assert df.describe("n", "g").collect() == [
        ("count", "3", "3"),
        ("mean", "10.666666666666666", None),
        ("stddev", "8.144527815247077", None),
        ("min", "5", "north"),
        ("max", "20", "south"),
    ]
    assert df.describe().columns == ["summary", "n", "x", "d.e", "g", "t"]
    assert df.select("n").describe().where("summary = 'max'").collect() == [("max", "20")]
