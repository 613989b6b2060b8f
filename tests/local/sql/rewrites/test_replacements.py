"""Replacements of regexp_replace as Java reads them."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (r"'abc', '(b)', '$1x'", "abxc"),
        (r"'abc', '(b)', '$10'", "ab0c"),
        (r"'abc', 'b', '$0$0'", "abbc"),
        (r"'abc', 'b', '\\$'", "a$c"),
        (r"'ab', '(a)(?:b)', '$1c'", "ac"),
        (r"'ab', '[(](?<n>x)|a', 'y'", "yb"),
        (r"'x', '(?<n>x)', '[$1]'", "[x]"),
        (r"'abc', 'b', 'x'", "axc"),
    ],
)
def test_replaced(spark: LocalSparkSession, arguments: str, text: str) -> None:
    assert scalar(spark, f"regexp_replace({arguments})") == text


def test_of_a_dataframe(spark: LocalSparkSession) -> None:
    frame = spark.createDataFrame([("abc",)], "a STRING")
    assert frame.select(F.regexp_replace("a", "(b)", "$1x")).collect() == [("abxc",)]


def test_refused(spark: LocalSparkSession) -> None:
    for arguments, condition in (
        ("'abc', 'b', '$1'", "INVALID_REGEXP_REPLACE"),
        ("'abc', string(id), '$0' ", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
    ):
        with pytest.raises(PySparkException) as error:
            scalar(spark, f"regexp_replace({arguments}) FROM range(1)")
        assert error.value.getCondition() == condition
