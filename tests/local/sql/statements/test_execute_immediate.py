"""``EXECUTE IMMEDIATE``."""

from __future__ import annotations

import pytest

from lakelab.local.sql.session_variables import SessionVariables
from tests.local.sql.statement_rows import (
    AFFECTED_ROWS,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

R = ("DECLARE OR REPLACE r1 INT", "DECLARE OR REPLACE r2 STRING")
Q = "DECLARE OR REPLACE q = 'SELECT a, b FROM n WHERE a = ?'"
RESULT = "SELECT r1, r2"

ROWS = [
    Row("EXECUTE IMMEDIATE 'SELECT 1 AS one'", "one", [(1,)]),
    Row("EXECUTE IMMEDIATE 'SELECT ' || '5 AS five'", "five", [(5,)]),
    Row("EXECUTE IMMEDIATE 'SELECT a FROM n WHERE a = ? AND b = ?' USING 1, 'one'", "a", [(1,)]),
    Row("EXECUTE IMMEDIATE 'SELECT a FROM n WHERE a = :p' USING 1 + 1 AS p", "a", [(2,)]),
    Row("EXECUTE IMMEDIATE 'SELECT a FROM n WHERE a = :p' USING (2 AS p)", "a", [(2,)]),
    Row("EXECUTE IMMEDIATE q USING 2", "a b", [(2, None)], given=(Q,)),
    Row("EXECUTE IMMEDIATE q INTO r1, r2 USING 1", given=(Q, *R), then={RESULT: [(1, "one")]}),
    Row("EXECUTE IMMEDIATE q INTO r1, r2 USING 9", given=(Q, *R), then={RESULT: [(None, None)]}),
    Row("EXECUTE IMMEDIATE 'INSERT INTO n VALUES (?, ?)' USING 9, 'nine'", AFFECTED_ROWS, [(1, 1)],
        then={"SELECT b FROM n WHERE a = 9": [("nine",)]}),
    Row("EXECUTE IMMEDIATE 'DECLARE OR REPLACE z INT DEFAULT 3'", then={"SELECT z": [(3,)]}),
    Row("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE \\'SELECT 1 AS x\\''", "x", [(1,)]),
    Row("EXECUTE IMMEDIATE 'SELECT count(*) AS c FROM IDENTIFIER(:t)' USING 'n' AS t", "c", [(2,)]),
]  # fmt: skip
REFUSALS = [
    Refusal("EXECUTE IMMEDIATE 5", "INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE", "INT"),
    Refusal("EXECUTE IMMEDIATE CAST(NULL AS STRING)", "NULL_QUERY_STRING_EXECUTE_IMMEDIATE", "null"),
    Refusal("EXECUTE IMMEDIATE 'SELEC 1'", "PARSE_SYNTAX_ERROR", "SELEC"),
    Refusal("EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'", "PARSE_SYNTAX_ERROR", "more than one"),
    Refusal("EXECUTE IMMEDIATE 'SELECT :p' USING 1", "UNBOUND_SQL_PARAMETER", "p"),
    Refusal("EXECUTE IMMEDIATE 'SELECT ?' USING 1 AS a", "UNBOUND_SQL_PARAMETER", "_"),
    Refusal("EXECUTE IMMEDIATE 'SELECT :a, :b' USING 1 AS a, 2", "ALL_PARAMETERS_MUST_BE_NAMED", "names"),
    Refusal("EXECUTE IMMEDIATE 'SELECT :a' USING 1 AS a, 2 AS a",
            "EXEC_IMMEDIATE_DUPLICATE_ARGUMENT_ALIASES", "a"),
    Refusal("EXECUTE IMMEDIATE 'SELECT 1' INTO absent", "UNRESOLVED_VARIABLE", "absent"),
    Refusal("EXECUTE IMMEDIATE 'SELECT 1, 2' INTO r1, r1", "DUPLICATE_ASSIGNMENTS", "r1", given=R),
    Refusal("EXECUTE IMMEDIATE 'SELECT 1' INTO r1, r2", "ASSIGNMENT_ARITY_MISMATCH", "2", given=R),
    Refusal("EXECUTE IMMEDIATE 'SELECT a FROM n' INTO r1", "ROW_SUBQUERY_TOO_MANY_ROWS", "row", given=R),
    Refusal("EXECUTE IMMEDIATE 'INSERT INTO n VALUES (1, 2)' INTO r1",
            "INVALID_STATEMENT_FOR_EXECUTE_INTO", "INSERT", given=R),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_variables(spark):
    yield
    spark.variables = SessionVariables()


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
