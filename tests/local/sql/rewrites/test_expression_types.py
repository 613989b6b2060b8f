"""The types that the engine gives the expressions of a statement."""

from __future__ import annotations

import pytest
from sqlglot import exp

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.rewrites.expression_types import StatementTypes


@pytest.mark.parametrize(
    ("statement", "type_name"),
    [
        ("SELECT x > 0 FROM VALUES (1.5) AS t(x)", "decimal(2,1)"),
        ("WITH w AS (SELECT 1D AS x) SELECT * FROM w WHERE x > 0", "double"),
        ("WITH w AS (SELECT 1D AS x), v AS (SELECT x > 0 FROM w) SELECT * FROM v", "double"),
        ("SELECT 1 FROM VALUES (1, 2L) AS t(g, x) GROUP BY g HAVING sum(x) > 0", "bigint"),
        ("SELECT filter(array(1D), x -> x > 0)", "double"),
        ("SELECT map_filter(map('a', 1D), (k, v) -> v > 0)", "double"),
        ("SELECT * FROM VALUES (1) AS t(x) JOIN VALUES ('a') AS u(y) ON y > 0", "string"),
        ("SELECT nope > 0", None),
    ],
)
def test_type(spark: LocalSparkSession, statement: str, type_name: str | None) -> None:
    tree = parse(statement).tree
    assert tree is not None
    comparison = tree.find(exp.GT)
    assert comparison is not None
    (found,) = StatementTypes(spark).of([comparison.this])
    assert (found.simpleString() if found else None) == type_name
    # one expression that the engine cannot analyze does not hide the others
    assert StatementTypes(spark).of([comparison.this, comparison.expression])[0] == found
