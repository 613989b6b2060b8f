"""Words end at blanks only."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    ("text", "capitals"),
    [("x-y_z", "X-y_z"), ("  heLLo  wOrld.o ", "  Hello  World.o "), ("", ""), (None, None)],
)
def test_initcap(spark: LocalSparkSession, text: str | None, capitals: str | None) -> None:
    frame = spark.createDataFrame([(text,)], "s string")
    assert frame.select(F.initcap("s")).collect() == [(capitals,)]
    frame.createOrReplaceTempView("capitals")
    assert spark.sql("SELECT initcap(s) FROM capitals").collect() == [(capitals,)]
    spark.catalog.dropTempView("capitals")
