"""Paths in JSON strings."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar


def test_wildcard(spark: LocalSparkSession) -> None:
    with pytest.raises(AnalysisException, match="`get_json_object`.*wildcard"):
        scalar(spark, """get_json_object('[{"a": 1}, {"a": 2}]', '$[*].a')""")


def test_other_paths(spark: LocalSparkSession) -> None:
    assert scalar(spark, """get_json_object('{"a": [1, 2]}', '$.a[1]')""") == "2"
