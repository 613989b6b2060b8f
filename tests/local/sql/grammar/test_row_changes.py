"""Statements that change rows have a tree, and are written as the engine reads them."""

from __future__ import annotations

import pytest

from lakelab.local.sql.dialect import parse, to_sql

MERGE = "INTO t USING s ON t.k = s.k WHEN MATCHED THEN DELETE"


@pytest.mark.parametrize(
    ("text", "node", "written"),
    [
        ("explain /* x */ select 1", "Explain", "EXPLAIN SELECT 1"),
        ("EXPLAIN FORMATTED DELETE FROM t", "Explain", "EXPLAIN FORMATTED DELETE FROM t"),
        ("REPLACE TABLE t AS SELECT 1", "Create", "CREATE OR REPLACE TABLE t AS SELECT 1"),
        ("DELETE t AS u WHERE u.x = 1", "Delete", "DELETE FROM t AS u WHERE u.x = 1"),
        ("INSERT t VALUES (1)", "Insert", "INSERT INTO t VALUES (1)"),
        (
            "INSERT WITH SCHEMA EVOLUTION INTO t TABLE s",
            "Insert",
            "INSERT WITH SCHEMA EVOLUTION INTO t SELECT * FROM s",
        ),
        (
            f"MERGE WITH /* x */ SCHEMA EVOLUTION {MERGE}",
            "Merge",
            f"MERGE WITH SCHEMA EVOLUTION {MERGE}",
        ),
    ],
)
def test_a_statement_that_changes_rows(text, node, written):
    tree = parse(text).tree
    assert type(tree).__name__ == node
    assert to_sql(tree) == written


@pytest.mark.parametrize("text", ["EXPLAIN", "EXPLAIN some words", "REPLACE t"])
def test_no_statement(text):
    tree = parse(text).tree
    assert tree is None or tree.key == "command"
