"""An alias that a later result column uses."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

ROWS = [
    (
        "SELECT id + 1 AS a, a + 1 AS b, a + b FROM w WHERE id = 1",
        ["a", "b", "(lateralAliasReference(a) + lateralAliasReference(b))"],
        [(2, 3, 5)],
    ),
    ("SELECT id AS x, x FROM w WHERE id = 2", ["x", "x"], [(2, 2.0)]),
    ("SELECT 1 AS a, A + 1 AS b, b", ["a", "b", "b"], [(1, 2, 2)]),
    (
        "SELECT g, sum(id) AS s, s + 1 AS p FROM w GROUP BY g ORDER BY g",
        ["g", "s", "p"],
        [("a", 4, 5), ("b", 2, 3)],
    ),
    (
        "SELECT id AS a, (SELECT max(a) FROM VALUES (7) AS v(a)) AS m FROM w WHERE id = 1",
        ["a", "m"],
        [(1, 7)],
    ),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)


REFUSALS = [
    (
        "SELECT rand() AS r, r + 1 FROM w",
        "UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_NONDETERMINISTIC",
        "rand",
    ),
    ("SELECT id AS a, g AS a, a FROM w", "AMBIGUOUS_LATERAL_COLUMN_ALIAS", "`a`"),
    (
        "SELECT sum(id) AS s, max(s) FROM w",
        "UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_AGGREGATE_FUNC",
        "`s`",
    ),
]


@pytest.mark.parametrize(("text", "condition", "words"), REFUSALS)
def test_a_refusal(query, text, condition, words):
    with pytest.raises(AnalysisException, match=words) as refused:
        query(text)
    assert refused.value.getCondition() == condition
