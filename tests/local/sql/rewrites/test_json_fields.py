"""``column:path`` is a field of a JSON string."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

ROWS = [
    (
        "SELECT j:a.b[0], j:a.b[1]::int AS two, j:['x y'], upper(j:c) AS u "
        'FROM VALUES (\'{"a":{"b":[1,2]},"x y":3,"c":"z"}\') AS v(j) WHERE j:c = \'z\'',
        ["b", "two", "x y", "u"],
        [("1", 2, "3", "Z")],
    ),
    ("SELECT j:none FROM VALUES ('{}') AS v(j)", ["none"], [(None,)]),
]


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    assert query(text) == (columns, rows)


REFUSALS = [
    ("SELECT j:a[*].b FROM VALUES ('{}') AS v(j)", "UNSUPPORTED_FEATURE.JSON_PATH", "path"),
]


@pytest.mark.parametrize(("text", "condition", "words"), REFUSALS)
def test_a_refusal(query, text, condition, words):
    with pytest.raises(AnalysisException, match=words) as refused:
        query(text)
    assert refused.value.getCondition() == condition
