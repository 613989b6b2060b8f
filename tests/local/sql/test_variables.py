"""Session variables in statements: a column precedes a variable of its name."""

from __future__ import annotations

import pytest

from lakelab.local.sql.session_variables import SessionVariables


@pytest.fixture(autouse=True)
def t(spark, schema):
    """A table with the columns a and b, and variables of which one has the name of a column."""
    spark.sql("CREATE TABLE t (a INT, b STRING)")
    spark.sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    spark.variables = SessionVariables()
    for statement in ("DECLARE a = 100", "DECLARE v = 2", "DECLARE s = 'y'"):
        spark.sql(statement)
    yield
    spark.variables = SessionVariables()


def rows(spark, query):
    return [tuple(row) for row in spark.sql(query).collect()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT a, v FROM t ORDER BY a", [(1, 2), (2, 2)]),
        ("SELECT a, session.a FROM t ORDER BY 1", [(1, 100), (2, 100)]),
        ("SELECT a", [(100,)]),
        ("SELECT b FROM t WHERE a = v", [("y",)]),
        ("SELECT a FROM t WHERE b = System.Session.S", [(2,)]),
        ("SELECT a FROM t ORDER BY v, a", [(1,), (2,)]),
        ("SELECT a FROM t ORDER BY a LIMIT v", [(1,), (2,)]),
        ("SELECT a AS v FROM t GROUP BY v ORDER BY v", [(1,), (2,)]),
        ("SELECT 7 AS v, v FROM t LIMIT 1", [(7, 7)]),
        ("SELECT (SELECT max(v + a) FROM t)", [(4,)]),
        ("SELECT count(*) FROM (SELECT 1 AS v) AS q WHERE v = 1", [(1,)]),
        ("WITH c AS (SELECT v AS q) SELECT q FROM c", [(2,)]),
        ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM t AS u WHERE u.a = t.a AND u.a = v)", [(2,)]),
        ("SELECT transform(array(1), a -> a + v)", [([3],)]),
        ("SELECT l.a FROM t AS l JOIN t AS r ON l.a = r.a AND r.a = v", [(2,)]),
        ("SELECT 'v', \"session.v\"", [("v", "session.v")]),
        ("VALUES (v, s)", [(2, "y")]),
    ],
)  # fmt: skip
def test_queries(spark, query, expected):
    assert rows(spark, query) == expected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT V, session.s, v + 1", ["V", "s", "(variablereference(system.session.v=2) + 1)"]),
        ("SELECT v AS x, a + v FROM t", ["x", "(a + variablereference(system.session.v=2))"]),
    ],
)
def test_names_of_results(spark, query, names):
    assert spark.sql(query).columns == names


def test_changes_of_rows(spark):
    spark.sql("INSERT INTO t VALUES (v + 1, s)")
    spark.sql("UPDATE t SET b = s WHERE a = v - 1")
    spark.sql("DELETE FROM t WHERE a = v")
    spark.sql(
        "MERGE INTO t USING (SELECT 3 AS a) AS q ON t.a = q.a WHEN MATCHED THEN UPDATE SET a = t.a + v"
    )
    assert sorted(rows(spark, "SELECT * FROM t")) == [(1, "y"), (5, "y")]
    spark.sql("CREATE TABLE c AS SELECT v AS x")
    assert rows(spark, "SELECT * FROM c") == [(2,)]


def test_conditions_of_tables_name_columns_only(spark):
    spark.sql("ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)")
    spark.sql("OPTIMIZE t")
    with pytest.raises(Exception, match="DELTA_VIOLATE_CONSTRAINT"):
        spark.sql("INSERT INTO t VALUES (-1, 'z')")
    pivot = "SELECT * FROM (SELECT a, b AS s FROM t) PIVOT (sum(a) FOR s IN ('x', 'y'))"
    assert rows(spark, pivot) == [(1, 2)]


def test_explain(spark):
    assert "plan" in spark.sql("EXPLAIN SELECT v").columns
