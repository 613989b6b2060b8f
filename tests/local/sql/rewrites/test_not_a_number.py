"""``isnan`` is never NULL."""

from __future__ import annotations

from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession


def test_isnan_of_null_is_false(spark: LocalSparkSession) -> None:
    rows = "VALUES (1D), (double('NaN')), (NULL) AS t(x)"
    query = spark.sql(f"SELECT isnan(x) FROM {rows}")
    assert query.columns == ["isnan(x)"]
    assert query.collect() == [(False,), (True,), (False,)]
    assert spark.sql(f"SELECT * FROM {rows} WHERE NOT isnan(x)").count() == 2
    frame = spark.sql(f"SELECT * FROM {rows}")
    assert frame.where(~F.isnan("x")).count() == 2
    assert frame.select(F.isnan("x")).columns == ["isnan(x)"]
