"""``UNPIVOT`` has a row for each column."""

from __future__ import annotations

import pytest

ROWS = [
    (
        "SELECT * FROM VALUES (1, 2, 3) AS v(k, a, b) UNPIVOT (val FOR name IN (a, b)) ORDER BY name",
        ["k", "name", "val"],
        [(1, "a", 2), (1, "b", 3)],
    ),
    (
        "SELECT * FROM VALUES (1, 2, NULL) AS v(k, a, b) UNPIVOT (val FOR name IN (a, b))",
        ["k", "name", "val"],
        [(1, "a", 2)],
    ),
    (
        "SELECT u.* FROM VALUES (1, 2, NULL) AS v(k, a, b) "
        "UNPIVOT INCLUDE NULLS (val FOR name IN (a AS aa, b)) AS u ORDER BY name",
        ["k", "name", "val"],
        [(1, "aa", 2), (1, "b", None)],
    ),
    (
        "SELECT * FROM VALUES (1, 2, 3, 4, NULL) AS v(k, a, b, c, d) "
        "UNPIVOT ((v1, v2) FOR name IN ((a, b) AS ab, (c, d))) ORDER BY name",
        ["k", "name", "v1", "v2"],
        [(1, "ab", 2, 3), (1, "c_d", 4, None)],
    ),
    (
        "SELECT name, val FROM VALUES (1, 2.5D) AS v(a, b) UNPIVOT (val FOR name IN (a, b)) ORDER BY name",
        ["name", "val"],
        [("a", 1.0), ("b", 2.5)],
    ),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)
