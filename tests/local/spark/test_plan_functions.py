"""Calls of Unity Catalog's functions in DataFrames."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import create_python_function


def test_in_dataframes(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "twice", "return 2 * x + y", "(x DOUBLE, y INT DEFAULT 0)")
    spark.sql("CREATE FUNCTION late(m INT) RETURN m > 1")
    df = spark.range(4)
    got = df.selectExpr(f"{schema}.twice(id)", "twice(id, 1) AS y", "late(id)")
    assert got.columns == [f"{schema}.twice(id)", "y", "late(id)"]
    assert got.collect()[3] == (6.0, 7.0, True)
    kept = df.withColumn("w", F.expr("twice(id)")).filter("twice(w) > 4 AND late(id)")
    assert kept.orderBy(F.expr("twice(-id)")).collect() == [(3, 6.0), (2, 4.0)]
    assert df.agg(F.expr("sum(twice(id))")).columns == ["sum(twice(id))"]
    called = F.call_function(f"{schema}.twice", "id").alias("x")
    assert [row.x for row in df.select(called).collect()] == [0.0, 2.0, 4.0, 6.0]
    for name, columns, message in (
        ("main.default.nope", ["id"], "UNRESOLVED_ROUTINE"),
        (f"{schema}.late", ["id"], "call_function takes functions in Python"),
        ("twice", [], r"\(0 of them\) are not those"),
    ):
        with pytest.raises(AnalysisException, match=message):
            df.select(F.call_function(name, *columns)).collect()
    assert df.select(F.call_function("abs", F.lit(-1)).alias("x")).first() == (1,)
