"""Window functions that Spark refuses are refused, in SQL and in DataFrames."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    ("window", "condition"),
    [
        ("rank() OVER (PARTITION BY x)", "WINDOW_FUNCTION_FRAME_NOT_ORDERED"),
        ("lag(x) IGNORE NULLS OVER ()", "WINDOW_FUNCTION_FRAME_NOT_ORDERED"),
        ("lead(x) OVER w", "WINDOW_FUNCTION_FRAME_NOT_ORDERED"),
        ("count(DISTINCT x) OVER ()", "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED"),
    ],
)
def test_refused(spark: LocalSparkSession, window: str, condition: str) -> None:
    with pytest.raises(AnalysisException) as refused:
        spark.sql(f"SELECT {window} FROM VALUES (1) AS t(x) WINDOW w AS (PARTITION BY x)")
    assert refused.value.getCondition() == condition


def test_allowed(spark: LocalSparkSession) -> None:
    windows = "max(x) OVER (), last(x) OVER (PARTITION BY x), row_number() OVER w, ntile(1) OVER (ORDER BY x)"
    query = f"SELECT {windows} FROM VALUES (1) AS t(x) WINDOW w AS (ORDER BY x)"
    assert spark.sql(query).first() == (1, 1, 1, 1)


def test_of_a_frame(spark: LocalSparkSession) -> None:
    frame = spark.range(2)
    groups = Window.partitionBy("id")
    assert frame.select(F.rank().over(groups.orderBy("id"))).first() == (1,)
    for column, condition in (
        (F.rank().over(groups), "WINDOW_FUNCTION_FRAME_NOT_ORDERED"),
        (F.count_distinct("id").over(groups), "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED"),
    ):
        with pytest.raises(AnalysisException) as refused:
            frame.select(column).collect()
        assert refused.value.getCondition() == condition
    assert frame.agg(F.count_distinct("id"), F.sum_distinct("id")).first() == (2, 1)
