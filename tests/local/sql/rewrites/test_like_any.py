"""``LIKE ANY`` and ``LIKE ALL``."""

from __future__ import annotations

import pytest

ROWS = [
    ("SELECT id FROM w WHERE g LIKE ANY ('a', 'c%') ORDER BY id", ["id"], [(1,), (3,)]),
    ("SELECT id FROM w WHERE g LIKE ALL ('a', '_') ORDER BY id", ["id"], [(1,), (3,)]),
    ("SELECT id FROM w WHERE g ILIKE ANY ('B')", ["id"], [(2,)]),
    ("SELECT id FROM w WHERE g NOT LIKE ANY ('a', 'b') ORDER BY id", ["id"], [(1,), (2,), (3,)]),
    ("SELECT id FROM w WHERE g NOT LIKE ALL ('a', 'c')", ["id"], [(2,)]),
    ("SELECT g LIKE ANY ('x', NULL) AS l FROM w WHERE id = 1", ["l"], [(None,)]),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)
