"""Expressions of DataFrames have Spark's values and names."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from lakelab.local.spark.session import LocalSparkSession

SCHEMA = "x DOUBLE, d DECIMAL(10, 2), i INT, g STRING"
SUNDAY = F.lit("2024-01-07")


@pytest.fixture
def df(spark: LocalSparkSession) -> DataFrame:
    rows = [(1e20, Decimal("1.5"), 7, "a"), (1e-20, Decimal("2.5"), 8, "a")]
    return spark.createDataFrame(rows, SCHEMA)


def test_functions(df: DataFrame) -> None:
    row = df.limit(1).select(
        F.weekday(SUNDAY), F.date_part(F.lit("dow"), SUNDAY).alias("w"), F.expr("weekday('2024-01-07')"),
        F.bround("d"), F.floor("d", F.lit(1)), F.weekday(SUNDAY) + 1,
    )  # fmt: skip
    assert row.columns == [
        "weekday(2024-01-07)", "w", "weekday(2024-01-07)", "bround(d, 0)", "floor(d, 1)",
        "(weekday(2024-01-07) + 1)",
    ]  # fmt: skip
    assert row.collect() == [(6, 1, 6, Decimal("2"), Decimal("1.5"), 7)]


def test_aggregates(df: DataFrame) -> None:
    result = df.groupBy("g").agg(
        F.max_by("i", "x", 1),
        F.percentile_approx("i", 0.5),
        F.percentile_approx("i", [0.1, 0.9], 100),
    )
    assert result.columns == [
        "g",
        "max_by(i, x, 1)",
        "percentile_approx(i, 0.5, 10000)",
        "percentile_approx(i, array(0.1, 0.9), 100)",
    ]
    assert result.collect() == [("a", [7], 7, [7, 8])]
    counts = df.groupBy(F.weekday(SUNDAY)).count()
    assert counts.columns == ["weekday(2024-01-07)", "count"]
    assert counts.collect() == [(6, 2)]


def test_windows(df: DataFrame) -> None:
    groups = Window.partitionBy("g")
    rows = df.select(F.percentile_approx("i", 0.5).over(groups).alias("p")).collect()
    assert rows == [(7,), (7,)]
    known = F.when(F.col("i") > 7, F.col("i"))
    assert df.select(F.collect_list(known).over(groups).alias("c")).collect() == [([8],), ([8],)]


def test_decimal_beside_double(df: DataFrame) -> None:
    half = F.lit(Decimal("0.5"))
    assert [row.i for row in df.filter(F.col("x") > half).collect()] == [7]
    assert [row.i for row in df.filter("x > 0.5").collect()] == [7]
    assert [row.i for row in df.where(F.col("x") < F.col("d")).collect()] == [8]
    assert df.filter(F.col("x").isin(Decimal("0.5"), Decimal("1.0"))).count() == 0
    branches = df.select(F.when(F.col("x") > half, F.col("x")).otherwise(F.col("d")).alias("b"))
    assert [row.b for row in branches.collect()] == [1e20, 2.5]
    assert df.selectExpr("x > 0.5", "coalesce(x, d) AS c").columns == ["(x > 0.5)", "c"]
    other = df.select(F.col("x").alias("y"))
    assert df.join(other, F.col("d") > F.col("y")).count() == 2
    assert (
        df.select((F.col("d") * Decimal("1.1")).alias("p")).schema["p"].dataType.typeName()
        == "decimal"
    )


def test_refusals(df: DataFrame) -> None:
    with pytest.raises(AnalysisException, match="wildcard") as error:
        df.select(F.get_json_object("g", "$[*].a")).collect()
    assert error.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"


def test_a_text_beside_an_interval_keeps_its_interval(spark):
    frame = spark.sql("SELECT TIMESTAMP '2024-01-02 03:00:00' AS ts, 5 AS n")
    one = frame.select(
        F.expr("ts - INTERVAL 1 HOUR").alias("t"), F.expr("ts + make_interval(0, 0, 0, n) AS u")
    )
    assert [str(value) for value in one.first()] == ["2024-01-02 02:00:00", "2024-01-07 03:00:00"]
    two = frame.withColumn("later", F.col("ts") + F.expr("INTERVAL 2 DAYS")).select("later")
    assert str(two.first()[0]) == "2024-01-04 03:00:00"
