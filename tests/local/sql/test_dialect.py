"""The dialect: one tree for each statement, whatever its comments, case and line breaks."""

from __future__ import annotations

import pytest
from sqlglot import exp

from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.grammar.tables import source_text

STATEMENTS = [
    ("OPTIMIZE main.a.`b c` ZORDER BY (x, y)", "Optimize"),
    ("OPTIMIZE t WHERE a = 1", "Optimize"),
    ("VACUUM t LITE RETAIN 168 HOURS DRY RUN", "Vacuum"),
    ("RESTORE TABLE t TO VERSION AS OF 1", "Restore"),
    ("RESTORE t TIMESTAMP AS OF current_timestamp() - INTERVAL 1 DAY", "Restore"),
    ("REFRESH TABLE t", "RefreshTable"),
    ("ALTER TABLE t ALTER COLUMN a COMMENT 'x', s.`b c` COMMENT 'y'", "AlterColumns"),
    ("ALTER TABLE t CHANGE a SET DEFAULT concat('a', 'b')", "AlterColumns"),
    ("ALTER TABLE t DROP PRIMARY KEY IF EXISTS CASCADE", "DropPrimaryKey"),
    ("ALTER TABLE t CLUSTER BY (a, b)", "SetClustering"),
    ("ALTER TABLE t CLUSTER BY NONE", "SetClustering"),
    ("ALTER TABLE t UNSET TBLPROPERTIES IF EXISTS ('a', b.c)", "UnsetProperties"),
    ("SHOW TBLPROPERTIES t (a.b)", "ShowProperties"),
    ("CREATE TABLE c SHALLOW CLONE t VERSION AS OF 3 TBLPROPERTIES ('a' = 'b')", "CloneTable"),
    ("CREATE OR REPLACE TABLE c DEEP CLONE t TIMESTAMP AS OF '2024-01-01'", "CloneTable"),
    ("CREATE TABLE IF NOT EXISTS c CLONE main.a.t", "CloneTable"),
    ("ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')", "Alter"),
    ("CREATE TABLE c LIKE t", "Create"),
]


@pytest.mark.parametrize(("text", "node"), STATEMENTS)
def test_a_statement_has_one_node(text, node):
    assert type(parse(text).tree).__name__ == node


@pytest.mark.parametrize(
    "text",
    [
        "VACUUM",
        "VACUUM t RETAIN x",
        "OPTIMIZE 't'",
        "RESTORE t",
        "ALTER TABLE t ALTER COLUMN a",
        "ALTER TABLE t ALTER COLUMN a COMMENT 'x', b",
    ],
)
def test_an_incomplete_statement_has_no_node_of_a_family(text):
    assert type(parse(text).tree).__name__ in ("Command", "NoneType")


def test_comments_and_semicolons_around_a_statement_are_no_part_of_its_text():
    statement = parse("-- before\n/* and */ SELECT /* in */ 1 -- after\n ; ; ")
    assert statement.text == "SELECT /* in */ 1"


def test_two_statements_are_no_statement():
    assert parse("SELECT 1; SELECT 2").tree is None
    assert parse("SELECT 1; SELECT 2").error == "more than one statement"


@pytest.mark.parametrize("text", ["", "  ", "-- only a comment", ";"])
def test_a_text_without_a_statement_has_no_tree(text):
    assert parse(text).tree is None
    assert parse(text).text == ""


def test_a_call_keeps_its_name():
    text = "SELECT Weekday(d), NVL(a, b), to_date(c) FROM t"
    assert to_sql(parse(text).tree) == text


@pytest.mark.parametrize("condition", ["`a-b`  >  0 /* why */ AND c<>5", "(a) > (1)"])
def test_a_condition_keeps_its_text(condition):
    added = parse(f"ALTER TABLE t ADD CONSTRAINT c CHECK ( {condition} )").tree
    created = parse(f"CREATE TABLE t (a INT, CONSTRAINT c CHECK ( {condition} ))").tree
    for tree in (added, created.copy()):
        assert source_text(tree.find(exp.CheckColumnConstraint)) == condition


def test_a_default_keeps_its_text():
    (change,) = parse("ALTER TABLE t ALTER a SET DEFAULT concat('a',  'b')").tree.args["changes"]
    assert change.args["value"] == "concat('a',  'b')"
