"""Columns that the engine names otherwise than Spark get Spark's names, and no other meaning."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.rewrites.result_names import name_result_columns
from lakelab.local.sql.rewrites.steps import rewrite_for_engine

ROWS = [
    ("SELECT -id, count(*) FROM w GROUP BY -id ORDER BY -id", ["(- id)", "count(1)"],
     [(-3, 1), (-2, 1), (-1, 1)]),
    ("SELECT id IN (1, 2), count(*) FROM w GROUP BY id IN (1, 2) HAVING count(*) > 1 ORDER BY id IN (1, 2)",
     ["(id IN (1, 2))", "count(1)"], [(True, 2)]),
    ("SELECT g, SUM(id) FROM w GROUP BY g HAVING sum(id) > 0 ORDER BY sum(id) DESC, g", ["g", "sum(id)"],
     [("a", 4), ("b", 2)]),
    ("SELECT g, -count(*) FROM w GROUP BY g HAVING -count(*) < 0 ORDER BY -count(*), g",
     ["g", "(- count(1))"], [("a", -2), ("b", -1)]),
    ("SELECT g, sum(id) AS s FROM w GROUP BY g HAVING sum(id) > 0 ORDER BY sum(id) + 1", ["g", "s"],
     [("b", 2), ("a", 4)]),
    ("SELECT UPPER(g), UPPER(g) FROM w GROUP BY UPPER(g) ORDER BY UPPER(g)", ["upper(g)", "upper(g)"],
     [("A", "A"), ("B", "B")]),
    ("SELECT DISTINCT id BETWEEN 1 AND 2 FROM w ORDER BY 1", ["between(id, 1, 2)"],
     [(False,), (True,)]),
    ("SELECT `(id IN (1))` FROM (SELECT id IN (1), g FROM w) ORDER BY 1", ["(id IN (1))"],
     [(False,), (False,), (True,)]),
    ("WITH q AS (SELECT SUM(id), g FROM w GROUP BY g) SELECT `sum(id)` <> 2, g FROM q ORDER BY g",
     ["(NOT (sum(id) = 2))", "g"], [(True, "a"), (False, "b")]),
    ("SELECT -1 UNION ALL SELECT +2 ORDER BY 1", ["-1"], [(-1,), (2,)]),
    ("SELECT *, id NOT IN (1) FROM w WHERE id = 1", ["id", "g", "x", "ts", "(NOT (id IN (1)))"], None),
    ("SELECT id, rank() OVER v FROM w WINDOW v AS (ORDER BY id) ORDER BY id LIMIT 1",
     ["id", "RANK() OVER (ORDER BY id ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"],
     [(1, 1)]),
    ("SELECT ts - INTERVAL 1 DAY, to_date(ts) - INTERVAL 1 DAY FROM w WHERE id < 0",
     ["ts - INTERVAL '1' DAY", "date_add(to_date(ts), (- extractansiintervaldays(INTERVAL '1' DAY)))"], []),
    ("SELECT w.id <> v.id, EXISTS (SELECT 1) FROM w JOIN w v ON w.id = v.id WHERE w.id = 1",
     ["(NOT (id = id))", "exists()"], [(False, True)]),
    ("SELECT * FROM (SELECT g, id FROM w) PIVOT (SUM(id), COUNT(*) FOR g IN ('a'))",
     ["a_sum(id)", "a_count(1)"], [(4, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "columns", "rows"), ROWS)
def test_a_query(query, text, columns, rows):
    found, values = query(text)
    assert found == columns
    assert rows is None or values == rows


def test_a_name_beyond_ascii(spark: LocalSparkSession) -> None:
    frame = spark.sql("SELECT `größe` IN (1), -`a``b` FROM (SELECT 1 AS `größe`, 2 AS `a``b`)")
    assert frame.columns == ["(größe IN (1))", "(- a`b)"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT  a /* a */ , sum(b) FROM t -- all", "SELECT  a /* a */ , sum(b) FROM t -- all"),
        ("SELECT  -1 /* a */, b FROM t", "SELECT  -1 AS `-1` /* a */, b FROM t"),
        ("SELECT 1 FROM t WHERE a IN (SELECT -1)", "SELECT 1 FROM t WHERE a IN (SELECT -1)"),
        ("SELECT -a -- why\nFROM t", "SELECT -a -- why\nFROM t"),
        ("SELECT NOT a IN (1) -- why\nFROM t", "SELECT NOT a IN (1) AS `(NOT (a IN (1)))` -- why\nFROM t"),
    ],
)  # fmt: skip
def test_all_else_stays_as_written(spark: LocalSparkSession, text: str, written: str) -> None:
    assert rewrite_for_engine(spark, text) == written


def test_names_that_nobody_sees(spark: LocalSparkSession) -> None:
    for text in ("INSERT INTO t SELECT -1", "SELECT (SELECT -1) AS x", "SELECT 1 UNION SELECT -1"):
        tree = parse(text).tree
        assert tree is not None
        assert name_result_columns(spark, tree.copy()) == []
