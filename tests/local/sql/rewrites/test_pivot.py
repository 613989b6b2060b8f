"""``PIVOT`` has a column for each value."""

from __future__ import annotations

import pytest

ROWS = [
    (
        "SELECT * FROM (SELECT g, id FROM w) PIVOT (count(id) FOR g IN ('a', 'b', 'c'))",
        ["a", "b", "c"],
        [(2, 1, None)],
    ),
    (
        "SELECT * FROM (SELECT g, id, x > 1 AS big FROM w) "
        "PIVOT (count(id) AS n, max(id) FOR g IN ('a' AS first, 'b')) ORDER BY big NULLS LAST",
        ["big", "first_n", "first_max(id)", "b_n", "b_max(id)"],
        [(False, 1, 1, None, None), (True, None, None, 1, 2), (None, 1, 3, None, None)],
    ),
    (
        "SELECT k, one FROM VALUES (1, 'a', 2), (1, 'b', 3), (2, NULL, 5) AS v(k, g, n) "
        "PIVOT (sum(n) FOR g IN ('a' AS one, NULL AS none)) ORDER BY k",
        ["k", "one"],
        [(1, 2), (2, None)],
    ),
    (
        "SELECT * FROM VALUES (1, 2, 3), (1, 4, 5) AS v(a, b, n) "
        "PIVOT (sum(n) FOR (a, b) IN ((1, 2) AS first, (1, 4)))",
        ["first", "{1, 4}"],
        [(3, 5)],
    ),
    (
        "SELECT p.`1` FROM VALUES (1, 3) AS v(k, n) PIVOT (max(n) FOR k IN (1, 2)) AS p",
        ["1"],
        [(3,)],
    ),
    (
        "SELECT * FROM (SELECT g, id FROM w WHERE id > 9) PIVOT (max(id) FOR g IN ('a'))",
        ["a"],
        [(None,)],
    ),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)
