"""``SELECT * EXCEPT (columns)``."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

ROWS = [
    (
        "SELECT * EXCEPT (ts, X) FROM w ORDER BY id",
        ["id", "g"],
        [(1, "a"), (2, "b"), (3, "a")],
    ),
    (
        "SELECT a.* EXCEPT (ts, x), b.id AS other FROM w a JOIN w b ON a.id = b.id WHERE a.id = 1",
        ["id", "g", "other"],
        [(1, "a", 1)],
    ),
    (
        "SELECT * EXCEPT (ts, x) FROM w a LEFT SEMI JOIN w b ON a.id = b.id WHERE a.id = 1",
        ["id", "g"],
        [(1, "a")],
    ),
    (
        "SELECT * EXCEPT (ts, x) FROM w JOIN (SELECT id, 'y' AS y FROM w) v USING (id) WHERE id = 1",
        ["id", "g", "y"],
        [(1, "a", "y")],
    ),
    (
        "SELECT * EXCEPT (x), 1 AS one FROM (SELECT * EXCEPT (ts) FROM w) WHERE id = 2",
        ["id", "g", "one"],
        [(2, "b", 1)],
    ),
    (
        "WITH c AS (SELECT id, g FROM w), d AS (SELECT * EXCEPT (g) FROM c) SELECT max(id) AS m FROM d",
        ["m"],
        [(3,)],
    ),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)


REFUSALS = [
    ("SELECT * EXCEPT (nope) FROM w", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "`nope`.*`id`"),
    ("SELECT * EXCEPT (id, ID) FROM w", "EXCEPT_OVERLAPPING_COLUMNS", "`id`"),
    ("SELECT * EXCEPT (id) FROM (SELECT id FROM w)", "EMPTY_SELECT_LIST", "no column"),
]


@pytest.mark.parametrize(("text", "condition", "words"), REFUSALS)
def test_a_refusal(query, text, condition, words):
    with pytest.raises(AnalysisException, match=words) as refused:
        query(text)
    assert refused.value.getCondition() == condition
