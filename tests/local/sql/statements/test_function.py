"""``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS``, and the privileges on functions."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import HAVERSINE, create_python_function

REFUSALS = [
    ("DROP FUNCTION g", AnalysisException, r"ROUTINE_NOT_FOUND.*Functions of schema .*: f"),
    ("DESCRIBE FUNCTION main.default.g", AnalysisException, "ROUTINE_NOT_FOUND"),
    ("SHOW FUNCTIONS IN main.nowhere", AnalysisException, "does not exist"),
]


@pytest.mark.parametrize(("statement", "error", "message"), REFUSALS)
def test_refusals(
    spark: LocalSparkSession,
    schema: str,
    statement: str,
    error: type[PySparkException],
    message: str,
) -> None:
    create_python_function(spark, "f", "return 1")
    with pytest.raises(error, match=f"(?s){message}"):
        pytest.fail(f"{statement} gave {spark.sql(statement).collect()}")
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.f",)]


def test_describe_and_show(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(HAVERSINE)
    lines = [row[0] for row in spark.sql(f"DESCRIBE FUNCTION EXTENDED {schema}.km").collect()]
    assert lines[:6] == [
        f"Function:      {schema}.km",
        "Type:          SCALAR",
        "Input:         lat1 DOUBLE 'north'",
        "               lon1 DOUBLE",
        "               lat2 DOUBLE",
        "               lon2 DOUBLE DEFAULT 0",
    ]
    assert lines[6:9] == [
        "Returns:       DOUBLE",
        "Comment:       Kilometres as the crow flies",
        "Deterministic: true",
    ]
    assert lines[-1].strip() == "return 12742 * asin(sqrt(h))"
    assert len(spark.sql("DESC FUNCTION km").collect()) == 7
    create_python_function(spark, "other", "return 1")
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.km",), (f"{schema}.other",)]
    assert spark.sql(f"SHOW USER FUNCTIONS IN {schema} LIKE 'k*'").collect() == [(f"{schema}.km",)]
    assert {"abs", f"{schema}.km"} <= {row[0] for row in spark.sql("SHOW FUNCTIONS").collect()}


def test_drop_schema_drops_its_functions(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return 1")
    spark.sql("USE main.default")
    with pytest.raises(AnalysisException, match="SCHEMA_NOT_EMPTY"):
        spark.sql(f"DROP SCHEMA {schema}")
    spark.sql(f"DROP SCHEMA {schema} CASCADE")
    with pytest.raises(AnalysisException, match="UNRESOLVED_ROUTINE"):
        spark.sql(f"SELECT {schema}.f(1)")
    spark.sql(f"CREATE SCHEMA {schema}")
    assert spark.sql(f"SHOW USER FUNCTIONS IN {schema}").collect() == []
    assert spark.sql(f"SHOW TABLES IN {schema}").collect() == []


def test_drop_if_exists(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return 1")
    spark.sql("DROP FUNCTION IF EXISTS g")
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.f",)]
