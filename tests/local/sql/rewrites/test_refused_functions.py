"""Functions that are refused by name, as the engine would compute them otherwise than Spark."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    ("call", "condition"),
    [
        ("make_time(1, 2, 3)", "UNSUPPORTED_TIME_TYPE"),
        ("to_time('10:30:00')", "UNSUPPORTED_TIME_TYPE"),
        ("try_to_time('10:30:00')", "UNSUPPORTED_TIME_TYPE"),
        ("shuffle(array(1, 2), 5)", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
        ("uuid(5)", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
        ("""schema_of_csv('"1",a')""", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
        ("histogram_numeric(1, 5)", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
    ],
)
def test_a_call_is_refused_in_sql_and_in_a_plan(
    spark: LocalSparkSession, call: str, condition: str
) -> None:
    for ask in (lambda: spark.sql(f"SELECT {call}"), lambda: spark.range(1).select(F.expr(call))):
        with pytest.raises(AnalysisException) as refused:
            ask().collect()
        assert refused.value.getCondition() == condition


def test_the_same_functions_with_other_arguments_run(spark: LocalSparkSession) -> None:
    row = spark.sql("SELECT size(shuffle(array(1, 2))), uuid() <> '', schema_of_csv('1,a')").first()
    assert tuple(row or ()) == (2, True, "STRUCT<_c0: INT, _c1: STRING>")


def test_a_url_that_java_does_not_read_has_no_parts(spark: LocalSparkSession) -> None:
    urls = spark.createDataFrame(
        [("http://a.b/c?d=1",), ("inva lid://a.b/c?d=1",), (None,)], "u STRING"
    )
    by_plan = urls.select(F.try_parse_url("u", F.lit("QUERY")).alias("q")).collect()
    urls.createOrReplaceTempView("urls")
    by_sql = spark.sql("SELECT try_parse_url(u, 'QUERY') AS q FROM urls").collect()
    assert [row.q for row in by_plan] == [row.q for row in by_sql] == ["d=1", None, None]
