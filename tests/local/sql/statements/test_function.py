"""``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS``, and the privileges on functions."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import HAVERSINE, create_python_function
from tests.local.sql.statement_rows import Refusal, Row, check, check_refused, row_id

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


# ---- temporary functions ---------------------------------------------------------------------------------
TF = "CREATE OR REPLACE TEMPORARY FUNCTION tf(x INT) RETURNS INT RETURN x + 1"
ROWS = [
    Row("CREATE TEMPORARY FUNCTION tf(x INT) RETURNS INT RETURN x + 1",
        then={"SELECT tf(1), session.tf('3'), system.session.TF(tf(1))": [(2, 4, 3)]}),
    Row("CREATE TEMP FUNCTION tf(x DOUBLE, y DOUBLE DEFAULT 2) RETURN x * y",
        then={"SELECT tf(3), tf(3, 4), tf(x => 1, y => 5)": [(6.0, 12.0, 5.0)]}),
    Row("CREATE OR REPLACE TEMPORARY FUNCTION session.tf(x INT) RETURNS INT RETURN x + 2", given=(TF,),
        then={"SELECT tf(a) AS b FROM n WHERE a = 1": [(3,)]}),
    Row("CREATE TEMPORARY FUNCTION abs(x INT) RETURNS INT RETURN 42", then={"SELECT abs(7)": [(7,)]}),
    Row("DROP TEMPORARY FUNCTION tf", given=(TF,), then={"SHOW USER FUNCTIONS": []}),
    Row("DROP TEMP FUNCTION IF EXISTS absent"),
    Row("SHOW USER FUNCTIONS LIKE 't*'", "function", [("tf",)], given=(TF,)),
    Row("DESCRIBE FUNCTION tf", "function_desc",
        [("Function: tf",), ("Type:     SCALAR",), ("Input:    x INT",), ("Returns:  INT",)], given=(TF,)),
]  # fmt: skip
ROW_REFUSALS = [
    Refusal("CREATE TEMPORARY FUNCTION tf(x INT) RETURNS INT RETURN x", "ROUTINE_ALREADY_EXISTS", "tf", given=(TF,)),
    Refusal("DROP TEMPORARY FUNCTION absent", "ROUTINE_NOT_FOUND", "absent"),
    Refusal("DROP TEMPORARY FUNCTION s.tf", "INVALID_TEMP_OBJ_QUALIFIER", "`s`"),
    Refusal("DROP FUNCTION tf", "ROUTINE_NOT_FOUND", "tf", given=(TF,)),
    Refusal("SELECT session.absent(1)", "UNRESOLVED_ROUTINE", "absent"),
    Refusal("CREATE VIEW v AS SELECT tf(1) AS c", "INVALID_TEMP_OBJ_REFERENCE", "FUNCTION", given=(TF,)),
]  # fmt: skip


@pytest.fixture
def no_temporary_functions(spark):
    spark.temporary_functions.clear()
    yield
    spark.temporary_functions.clear()


@pytest.mark.usefixtures("no_temporary_functions")
@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_temporary_functions(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.usefixtures("no_temporary_functions")
@pytest.mark.parametrize("row", ROW_REFUSALS, ids=row_id)
def test_refused_temporary_functions(spark, row_schema, row):
    check_refused(spark, row_schema, row)


@pytest.mark.usefixtures("no_temporary_functions")
def test_function_exists(spark, schema):
    create_python_function(spark, "f", "return 1")
    spark.sql(TF)
    names = ("tf", "f", f"{schema}.f", "abs", "absent")
    found = [spark.catalog.functionExists(name) for name in names]
    assert found == [True, True, True, True, False]
    assert spark.catalog.functionExists("f", schema)
    other = spark.workspace_session("b", "ben@example.com")
    assert not other.catalog.functionExists("tf")
