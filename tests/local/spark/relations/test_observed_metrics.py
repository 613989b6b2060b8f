"""observe computes metrics of the rows; values of real Spark."""

from __future__ import annotations

import pytest
from pyspark.sql import Observation
from pyspark.sql import functions as F


@pytest.fixture
def frame(spark):
    return spark.createDataFrame([(2, "Alice"), (5, "Bob")], ["age", "name"])


def test_an_observation_has_its_metrics_after_an_action(frame):
    observation = Observation("my metrics")
    observed = frame.observe(observation, F.count(F.lit(1)).alias("count"), F.max("age"))
    assert observed.count() == 2
    assert observation.get == {"count": 2, "max(age)": 5}


def test_rows_pass_an_observation_unchanged(frame):
    observation = Observation()
    observed = frame.observe(observation, F.sum("age").alias("total")).where("age > 2")
    assert [tuple(row) for row in observed.collect()] == [(5, "Bob")]
    assert observation.get == {"total": 7}


def test_a_write_is_observed(frame, spark, schema):
    observation = Observation()
    observed = frame.observe(observation, F.count(F.lit(1)).alias("rows"))
    observed.write.saveAsTable(f"{schema}.observed")
    assert observation.get == {"rows": 2}
    assert spark.table(f"{schema}.observed").count() == 2


def test_an_observation_by_its_name_is_in_the_execution_info(spark):
    observed = spark.range(5).observe("m", F.count(F.lit(1)).alias("n"), F.max("id").alias("top"))
    assert observed.toPandas().attrs["observed_metrics"][0].pairs == {"n": 5, "top": 4}
    assert len(observed.collect()) == 5
    assert observed.executionInfo.flows == [("m", {"n": 5, "top": 4})]
