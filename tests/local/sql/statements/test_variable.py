"""``DECLARE``, ``SET VARIABLE`` and ``DROP TEMPORARY VARIABLE``."""

from __future__ import annotations

import datetime as dt

import pytest

from lakelab.local.sql.session_variables import SessionVariables
from tests.local.sql.statement_rows import (
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

X = "DECLARE OR REPLACE x INT DEFAULT 5"
Y = "DECLARE OR REPLACE y STRING"
UNRESOLVED = "UNRESOLVED_VARIABLE"
VALUE = "SELECT x AS v"

ROWS = [
    Row("DECLARE VARIABLE x INT DEFAULT 1", then={VALUE: [(1,)]}),
    Row("DECLARE OR REPLACE x = 5", given=(X,), then={VALUE: [(5,)]}),
    Row("DECLARE x DATE DEFAULT '2024-01-31'", then={VALUE: [(dt.date(2024, 1, 31),)]}),
    Row("DECLARE x, session.z BIGINT = 3", then={"SELECT x, system.session.z": [(3, 3)]}),
    Row("DECLARE x STRING", then={VALUE: [(None,)]}),
    Row("DECLARE x STRUCT<f: INT, g: ARRAY<STRING>> = named_struct('f', 1, 'g', array('z'))",
        then={"SELECT x.f, session.x.g[0]": [(1, "z")]}),
    Row("DECLARE x MAP<STRING, INT> = map('a', 1)", then={"SELECT x['a']": [(1,)]}),
    Row("DECLARE x ARRAY<INT> = array()", then={"SELECT size(x)": [(0,)]}),
    Row("DECLARE variable = 7", then={"SELECT variable": [(7,)]}),
    Row("SET VAR x = 10", given=(X,), then={VALUE: [(10,)]}),
    Row("SET VARIABLE session.x = x + 1", given=(X,), then={VALUE: [(6,)]}),
    Row("SET VAR x = DEFAULT", given=(X, "SET VAR x = 1"), then={VALUE: [(5,)]}),
    Row("SET VAR x = 3, y = 'q'", given=(X, Y), then={"SELECT x, y": [(3, "q")]}),
    Row("SET VAR x = (SELECT max(a) FROM n)", given=(X,), then={VALUE: [(2,)]}),
    Row("SET VAR (y, x) = (SELECT b, a FROM n WHERE a = 1)", given=(X, Y), then={"SELECT x, y": [(1, "one")]}),
    Row("SET VAR (x, y) = (SELECT a, b FROM n WHERE a > 5)", given=(X, Y), then={"SELECT x, y": [(None, None)]}),
    Row("DROP TEMPORARY VARIABLE x", given=(X,)),
    Row("DROP TEMP VARIABLE IF EXISTS x"),
]  # fmt: skip
REFUSALS = [
    Refusal("DECLARE x INT", "VARIABLE_ALREADY_EXISTS", "`x`", given=(X,)),
    Refusal("DECLARE x INT DEFAULT 'abc'", "CAST_INVALID_INPUT", "abc"),
    Refusal("DECLARE x = (SELECT max(a) FROM n)", "INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION", "subquery"),
    Refusal("DECLARE main.x INT", UNRESOLVED, "main"),
    Refusal("DECLARE x INT NOT NULL", "PARSE_SYNTAX_ERROR", "NOT"),
    Refusal("DECLARE x", "PARSE_SYNTAX_ERROR", "expected a type"),
    Refusal("SET VAR absent = 1", UNRESOLVED, "absent"),
    Refusal("SET VAR other.x = 1", UNRESOLVED, "other", given=(X,)),
    Refusal("SET VAR x = 'abc'", "CAST_INVALID_INPUT", "abc", given=(X,)),
    Refusal("SET VAR (x, x) = (SELECT 1, 2)", "DUPLICATE_ASSIGNMENTS", "`x`", given=(X,)),
    Refusal("SET VAR (x, y) = (SELECT a, b FROM n)", "ROW_SUBQUERY_TOO_MANY_ROWS", "row", given=(X, Y)),
    Refusal("SET VAR (x, y) = (SELECT a FROM n)", "ASSIGNMENT_ARITY_MISMATCH", "2", given=(X, Y)),
    Refusal("DROP TEMPORARY VARIABLE absent", "VARIABLE_NOT_FOUND", "absent"),
    Refusal("CREATE VIEW v AS SELECT x AS c", "INVALID_TEMP_OBJ_REFERENCE", "VARIABLE", given=(X,)),
    Refusal("CREATE TEMPORARY VIEW w AS SELECT x AS c", "UNSUPPORTED_FEATURE.LOCAL_ENGINE", "temporary view", given=(X,)),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_variables(spark):
    spark.variables = SessionVariables()
    yield
    spark.variables = SessionVariables()


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_other_sessions_do_not_see_a_variable(spark):
    spark.sql(X)
    other = spark.workspace_session("b", "ben@example.com")
    with pytest.raises(Exception, match="UNRESOLVED_COLUMN"):
        other.sql("SELECT x").collect()
