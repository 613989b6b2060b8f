"""``CREATE FUNCTION``."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, ParseException, PySparkException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import create_python_function, scalar

REFUSALS = [
    (
        "CREATE FUNCTION f(x INT) RETURNS INT RETURN x",
        AnalysisException,
        "ROUTINE_ALREADY_EXISTS.*OR REPLACE",
    ),
    (
        "CREATE OR REPLACE FUNCTION IF NOT EXISTS f(x INT) RETURNS INT RETURN x",
        ParseException,
        "exclude each other",
    ),
    ("CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE PYTHON RETURN x", ParseException, r"AS \$\$"),
    ("CREATE FUNCTION g(x INT) LANGUAGE PYTHON AS $$return 1$$", ParseException, "needs RETURNS"),
    (
        "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE PYTHON AS $$return (1$$",
        AnalysisException,
        "not valid Python.*line 1",
    ),
    (
        "CREATE FUNCTION g(class INT) RETURNS INT LANGUAGE PYTHON AS $$return 1$$",
        AnalysisException,
        "not valid Python",
    ),
    (
        "CREATE FUNCTION g(x INT, X INT) RETURNS INT RETURN x",
        AnalysisException,
        "DUPLICATE_ROUTINE_PARAMETER_NAMES.*`X`",
    ),
    (
        "CREATE FUNCTION g(x INT DEFAULT 1, y INT) RETURNS INT RETURN x",
        AnalysisException,
        "`y` stands behind `x`",
    ),
    ("CREATE FUNCTION g(x) RETURNS INT RETURN x", PySparkException, "name and a type"),
    ("CREATE FUNCTION g(x NUMBR) RETURNS INT RETURN x", PySparkException, "NUMBR|line 1"),
    (
        "CREATE FUNCTION g(x INT) RETURNS INT RETURN y",
        AnalysisException,
        "names 'y', which is none of its parameters: x",
    ),
    ("CREATE FUNCTION g(x INT) RETURNS INT RETURN nope(x)", PySparkException, "nope"),
    (
        "CREATE FUNCTION g(x INT) RETURNS INT RETURN (SELECT 1)",
        ParseException,
        "body is a query.*Databricks only",
    ),
    (
        "CREATE FUNCTION g(x INT) RETURNS TABLE (y INT) RETURN SELECT x",
        ParseException,
        "table.*Databricks only",
    ),
    (
        "CREATE TEMPORARY FUNCTION s.g(x INT) RETURNS INT RETURN x",
        ParseException,
        "INVALID_TEMP_OBJ_QUALIFIER",
    ),
    (
        "CREATE TEMPORARY FUNCTION IF NOT EXISTS g(x INT) RETURNS INT RETURN x",
        ParseException,
        "CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS",
    ),
    (
        "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE SCALA AS $$x$$",
        ParseException,
        "LANGUAGE SCALA.*Databricks only",
    ),
    (
        "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE PYTHON ENVIRONMENT (environment_version = 'None') AS $$return 1$$",
        ParseException,
        "ENVIRONMENT works on Databricks only",
    ),
    (
        "CREATE FUNCTION g(x INT) RETURNS VARIANT LANGUAGE PYTHON AS $$return 1$$",
        PySparkException,
        "VARIANT|variant",
    ),
    (
        "CREATE FUNCTION nowhere.g(x INT) RETURNS INT RETURN x",
        AnalysisException,
        r"main\.nowhere' does not exist",
    ),
    (
        "CREATE FUNCTION hive_metastore.default.g(x INT) RETURNS INT RETURN x",
        AnalysisException,
        "Unity Catalog",
    ),
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


def test_if_not_exists_keeps_the_function(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return 1")
    spark.sql("CREATE FUNCTION IF NOT EXISTS f(x INT) RETURNS INT RETURN x")
    assert scalar(spark, "f(9)") == 1.0
