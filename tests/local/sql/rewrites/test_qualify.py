"""``QUALIFY`` keeps rows by a window function."""

from __future__ import annotations

from datetime import datetime

import pytest

ROWS = [
    (
        "SELECT id FROM w QUALIFY row_number() OVER (PARTITION BY g ORDER BY ts DESC) = 1 ORDER BY id",
        ["id"],
        [(2,), (3,)],
    ),
    (
        "SELECT id, upper(g) FROM w QUALIFY row_number() OVER (PARTITION BY g ORDER BY ts DESC) = 1 "
        "ORDER BY x DESC LIMIT 1",
        ["id", "upper(g)"],
        [(2, "B")],
    ),
    (
        "SELECT *, 1 AS one FROM w QUALIFY rank() OVER (ORDER BY id) < 2",
        ["id", "g", "x", "ts", "one"],
        [(1, "a", 1.0, datetime(2024, 1, 1), 1)],
    ),
    (
        "SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM w QUALIFY r = 1",
        ["id", "r"],
        [(3, 1)],
    ),
    (
        "SELECT g, count(*) FROM w GROUP BY g HAVING count(*) > 0 "
        "QUALIFY rank() OVER (ORDER BY count(*) DESC) = 1",
        ["g", "count(1)"],
        [("a", 2)],
    ),
    ("SELECT DISTINCT g FROM w QUALIFY x > avg(x) OVER ()", ["g"], [("b",)]),
    (
        "WITH q AS (SELECT * FROM w) SELECT id FROM q QUALIFY row_number() OVER (ORDER BY id) = 1",
        ["id"],
        [(1,)],
    ),
    (
        "SELECT g FROM (SELECT id, g FROM w QUALIFY row_number() OVER (PARTITION BY g ORDER BY id) = 1) "
        "WHERE id = 2 UNION ALL SELECT 'z' ORDER BY g",
        ["g"],
        [("b",), ("z",)],
    ),
    (
        # a column of the table precedes the alias of the same name
        "SELECT g AS x, id FROM w QUALIFY max(x) OVER () = x",
        ["x", "id"],
        [("b", 2)],
    ),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)
