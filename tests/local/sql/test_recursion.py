"""Recursive common table expressions."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

R = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5)"


def rows(spark, query):
    return [tuple(row) for row in spark.sql(query).collect()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"{R} SELECT * FROM r", [(1,), (2,), (3,), (4,), (5,)]),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r", [(15,)]),
        (f"{R} SELECT a.n, b.n FROM r AS a JOIN r AS b ON a.n = b.n + 3", [(4, 1), (5, 2)]),
        ("WITH RECURSIVE c AS (SELECT 3 AS m), r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, c WHERE n < m) "
         "SELECT * FROM r", [(1,), (2,), (3,)]),
        ("WITH RECURSIVE r(n, p) AS (SELECT 1, array('a') UNION ALL SELECT n + 1, array_append(p, 'b') FROM r "
         "WHERE n < 2) SELECT * FROM r", [(1, ["a"]), (2, ["a", "b"])]),
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 2", [(1,), (2,)]),
        ("WITH RECURSIVE r(n) MAX RECURSION LEVEL 150 AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 150) "
         "SELECT count(*) FROM r", [(150,)]),
        ("WITH RECURSIVE r(n) AS (VALUES (1L) UNION ALL SELECT CAST(n AS INT) + 1 FROM r WHERE n < 2) "
         "SELECT n, typeof(n) FROM r", [(1, "bigint"), (2, "bigint")]),
        ("SELECT * FROM (WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2) SELECT * FROM r)",
         [(1,), (2,)]),
        ("WITH RECURSIVE r AS (SELECT 1 AS n) SELECT * FROM r", [(1,)]),
        ("WITH RECURSIVE r(n) AS (SELECT 1 WHERE false UNION ALL SELECT n + 1 FROM r) SELECT * FROM r", []),
    ],
)  # fmt: skip
def test_rows(spark, query, expected):
    assert sorted(rows(spark, query)) == expected


@pytest.mark.parametrize(
    ("definition", "condition"),
    [
        ("r(n) AS (SELECT 1 UNION SELECT n + 1 FROM r)", "UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE"),
        ("r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)", "RECURSION_LEVEL_LIMIT_EXCEEDED"),
        ("r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 101)", "RECURSION_LEVEL_LIMIT_EXCEEDED"),
        ("r(n) MAX RECURSION LEVEL 3 AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4)",
         "RECURSION_LEVEL_LIMIT_EXCEEDED"),
        ("r(n) AS (SELECT 1 UNION ALL SELECT 'x' FROM r)", "CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE"),
        ("r(n) AS (SELECT 1 UNION ALL SELECT n, n FROM r)", "NUM_COLUMNS_MISMATCH"),
        ("r(n) AS (SELECT n + 1 FROM r)", "INVALID_RECURSIVE_CTE"),
        ("r(n) AS (SELECT n + 1 FROM r UNION ALL SELECT 1)", "INVALID_RECURSIVE_CTE"),
        ("r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r UNION ALL SELECT n + 2 FROM r)", "INVALID_RECURSIVE_CTE"),
        ("r(n) AS (SELECT 1 UNION ALL SELECT 0 FROM r, range(200))", "UNSUPPORTED_FEATURE.LOCAL_ENGINE"),
    ],
)  # fmt: skip
def test_refusals(spark, definition, condition):
    with pytest.raises(PySparkException) as caught:
        spark.sql(f"WITH RECURSIVE {definition} SELECT count(*) FROM r")
    assert caught.value.getCondition() == condition


def test_other_statements(spark, schema):
    spark.sql("CREATE TABLE tree (id INT, parent INT)")
    spark.sql("INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (9, 8)")
    query = (
        "WITH RECURSIVE below(id, level) AS (SELECT id, 0 FROM tree WHERE id = 1 UNION ALL "
        "SELECT t.id, level + 1 FROM tree AS t JOIN below ON t.parent = below.id) SELECT * FROM below"
    )
    spark.sql(f"CREATE VIEW v AS {query}")
    spark.sql("INSERT INTO tree VALUES (4, 3)")
    expected = [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert sorted(spark.table("v").collect()) == expected
    spark.sql(f"CREATE TABLE c AS {query}")
    assert sorted(rows(spark, "SELECT * FROM c")) == expected
