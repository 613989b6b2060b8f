"""Queries with ``|>``, and queries that begin with FROM."""

from __future__ import annotations

import pytest

from lakelab.local.sql.dialect import parse, standard_form


@pytest.fixture(scope="module")
def t(spark):
    """A table that all queries read."""
    spark.sql("CREATE SCHEMA main.pipes")
    spark.sql("CREATE TABLE main.pipes.t (a INT, b STRING)")
    spark.sql("INSERT INTO main.pipes.t VALUES (1, 'x'), (2, 'y'), (3, 'x')")
    yield
    spark.sql("DROP SCHEMA main.pipes CASCADE")


@pytest.mark.usefixtures("t")
@pytest.mark.parametrize(
    ("query", "columns", "expected"),
    [
        ("FROM t SELECT a WHERE b = 'x'", "a", [(1,), (3,)]),
        ("FROM t", "a b", [(1, "x"), (2, "y"), (3, "x")]),
        ("FROM t |> WHERE a > 1 |> WHERE b = 'x' OR a = 2 |> SELECT a", "a", [(2,), (3,)]),
        ("FROM t |> WHERE t.a > 1 |> EXTEND a * 2 AS c |> WHERE c > 4 AND t.b = 'x' |> SELECT c", "c", [(6,)]),
        ("FROM t |> EXTEND a + 1 AS c |> DROP a", "b c", [("x", 2), ("x", 4), ("y", 3)]),
        ("FROM t |> AGGREGATE sum(a) AS s GROUP BY b", "b s", [("x", 4), ("y", 2)]),
        ("FROM t |> AGGREGATE sum(a) AS s GROUP BY upper(b) AS k |> WHERE s > 2", "k s", [("X", 4)]),
        ("FROM t |> AGGREGATE count(*) AS n", "n", [(3,)]),
        ("FROM t |> AS k |> WHERE k.a = 1", "a b", [(1, "x")]),
        ("FROM t |> ORDER BY a DESC |> LIMIT 2 |> WHERE a < 3", "a b", [(2, "y")]),
        ("FROM t |> ORDER BY a |> LIMIT 2 OFFSET 1 |> SELECT count(*) AS n", "n", [(2,)]),
        ("FROM t |> LIMIT 1 |> SELECT count(*) OVER () AS n", "n", [(1,)]),
        ("FROM t |> SELECT DISTINCT b |> AGGREGATE count(*) AS n", "n", [(2,)]),
        ("FROM t |> WHERE a < 3 |> JOIN t AS u ON t.b = u.b |> SELECT t.a, u.a AS c", "a c", [(1, 1), (1, 3), (2, 2)]),
        ("FROM t |> SELECT a |> UNION ALL (SELECT 9) |> WHERE a > 2", "a", [(3,), (9,)]),
        ("FROM t |> SELECT b |> EXCEPT SELECT 'x'", "b", [("y",)]),
        ("FROM t |> PIVOT (sum(a) FOR b IN ('x', 'y'))", "x y", [(4, 2)]),
        ("SELECT a FROM t |> WHERE a = 1", "a", [(1,)]),
        ("TABLE t |> WHERE a = 1 |> SELECT b", "b", [("x",)]),
        ("WITH c AS (FROM t |> SELECT a) FROM c |> WHERE a > 2", "a", [(3,)]),
        ("SELECT * FROM (FROM t |> WHERE a = 1) AS q", "a b", [(1, "x")]),
    ],
)  # fmt: skip
def test_queries(spark, query, columns, expected):
    spark.sql("USE main.pipes")
    found = spark.sql(query)
    assert found.columns == columns.split()
    assert sorted(tuple(row) for row in found.collect()) == expected
    spark.sql("USE main.default")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("FROM t |> SET b = 'k'", "SET is not supported"),
        ("FROM t |> AGGREGATE sum(a) GROUP BY 1", "number in GROUP BY"),
        ("FROM t |> NONSENSE", "NONSENSE"),
        ("FROM t |> SELECT a FROM u", "columns only"),
    ],
)
def test_other_operators_are_refused(query, reason):
    statement = parse(query)
    assert statement.tree is None
    assert reason in statement.error


def test_standard_form_stays():
    statement = parse("SELECT a FROM t")
    assert standard_form(statement) is statement
