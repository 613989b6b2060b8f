"""``GROUP BY ALL`` and ``ORDER BY ALL``."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

ROWS = [
    (
        "SELECT g, count(*) FROM w GROUP BY ALL ORDER BY ALL",
        ["g", "count(1)"],
        [("a", 2), ("b", 1)],
    ),
    (
        "SELECT g, count(*) AS n FROM w GROUP BY ALL ORDER BY ALL DESC",
        ["g", "n"],
        [("b", 1), ("a", 2)],
    ),
    ("SELECT count(*) FROM w GROUP BY ALL", ["count(1)"], [(3,)]),
    (
        "SELECT upper(g) AS u, max(x) + 1 AS m FROM w GROUP BY ALL ORDER BY u",
        ["u", "m"],
        [("A", 2.0), ("B", 3.0)],
    ),
    (
        "SELECT g, count(*) FILTER (WHERE x > 1) AS n FROM w GROUP BY ALL ORDER BY g",
        ["g", "n"],
        [("a", 0), ("b", 1)],
    ),
    ("SELECT * FROM (SELECT g FROM w) GROUP BY ALL ORDER BY g", ["g"], [("a",), ("b",)]),
    ("SELECT x, id FROM w ORDER BY ALL NULLS LAST", ["x", "id"], [(1.0, 1), (2.0, 2), (None, 3)]),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)


REFUSALS = [
    ("SELECT g, id + sum(x) FROM w GROUP BY ALL", "UNRESOLVED_ALL_IN_GROUP_BY", "id"),
]


@pytest.mark.parametrize(("text", "condition", "words"), REFUSALS)
def test_a_refusal(query, text, condition, words):
    with pytest.raises(AnalysisException, match=words) as refused:
        query(text)
    assert refused.value.getCondition() == condition
