"""What a refused request asked, for the message."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql.connect import proto

from lakelab.local.spark.failed_request import FailedRequest


@pytest.fixture
def flights(spark, schema):
    spark.sql("CREATE TABLE flights (origin STRING, destination STRING, dep_delay INT)")
    return spark.table("flights")


def suggestions(call):
    with pytest.raises(AnalysisException) as refused:
        call()
    return str(refused.value).partition("following? ")[2]


def test_the_most_similar_column_comes_first(spark, flights):
    assert suggestions(lambda: spark.sql("SELECT destinaton FROM flights").collect()).startswith(
        "[`destination`, "
    )
    assert suggestions(lambda: flights.select("depdelay").collect()).startswith("[`dep_delay`, ")


def test_columns_of_all_tables_are_suggested(spark, flights):
    spark.sql("CREATE TABLE planes (tailnum STRING)")
    query = "SELECT tail FROM flights JOIN planes ON origin = tailnum"
    assert "`tailnum`" in suggestions(lambda: spark.sql(query).collect())


def test_a_correlated_subquery_is_refused_by_name(spark, flights):
    query = (
        "SELECT origin, (SELECT max(b.dep_delay) FROM flights b WHERE b.dep_delay <= a.dep_delay "
        "AND b.origin = a.origin) FROM flights a"
    )
    with pytest.raises(AnalysisException, match="does not support this subquery"):
        spark.sql(query).collect()


def test_a_group_by_of_a_dataframe_is_one():
    relation = proto.Relation()
    assert not FailedRequest(None, relation).has_group_by
    relation.aggregate.grouping_expressions.add().unresolved_attribute.unparsed_identifier = "a"
    assert FailedRequest(None, relation).has_group_by


def test_a_call_in_a_plan_is_found():
    relation = proto.Relation()
    relation.project.expressions.add().unresolved_function.function_name = "raise_error"
    assert FailedRequest(None, relation).calls("raise_error")
    assert not FailedRequest(None, relation).calls("upper")
