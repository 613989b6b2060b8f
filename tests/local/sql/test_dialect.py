"""The dialect: one tree for each statement, whatever its comments, case and line breaks."""

from __future__ import annotations

import pytest
from sqlglot import exp
from sqlglot.parsers.databricks import DatabricksParser

from lakelab.local.sql.dialect import FAMILIES, parse, to_sql
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
    ("REPLACE TABLE c SHALLOW CLONE t", "CloneTable"),
    ("ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')", "Alter"),
    ("CREATE TABLE c LIKE t", "Create"),
    ("TRUNCATE TABLE a.t", "TruncateTable"),
    ("USE CATALOG 'dev'", "UseCatalog"),
    ("SET CATALOG dev", "UseCatalog"),
    ("USE DATABASE a.b", "UseSchema"),
    ("USE schema", "UseSchema"),
    ("SET spark.sql.sources.default = a b", "SetConfig"),
    ("CREATE CATALOG c COMMENT 'x'", "CreateCatalog"),
    ("CREATE NAMESPACE IF NOT EXISTS c.s", "CreateSchema"),
    ("DROP SCHEMA IF EXISTS s CASCADE", "DropSchema"),
    ("DROP CATALOG c RESTRICT", "DropCatalog"),
    ("COMMENT ON COLUMN a.t.c IS NULL", "CommentOn"),
    ("ALTER TABLE t ALTER COLUMN c UNSET TAGS ('a')", "ChangeTags"),
    ("ALTER SCHEMA s SET OWNER TO ben@example.com", "SetOwner"),
    ("GRANT USE SCHEMA, SELECT ON schema.t TO ben", "GrantPrivileges"),
    ("REVOKE ALL PRIVILEGES ON FUNCTION f FROM `a b`", "RevokePrivileges"),
    ("SHOW GRANTS ben@example.com ON t", "ShowGrants"),
    ("CREATE OR REPLACE FUNCTION f(x INT) RETURNS INT RETURN x", "CreateFunction"),
    ("DROP FUNCTION IF EXISTS f", "DropFunction"),
    ("DESC FUNCTION EXTENDED f", "DescribeFunction"),
    ("SHOW USER FUNCTIONS IN s LIKE 'a*'", "ShowFunctions"),
    ("DESCRIBE CATALOG EXTENDED c", "DescribeCatalog"),
    ("DESCRIBE DATABASE s", "DescribeSchema"),
    ("DESC t", "DescribeTable"),
    ("DESCRIBE TABLE EXTENDED history.t c", "DescribeTable"),
    ("DESCRIBE history", "DescribeTable"),
    ("DESCRIBE SELECT 1", "DescribeQuery"),
    ("DESCRIBE HISTORY t LIMIT 1", "DescribeHistory"),
    ("DESC DETAIL t", "DescribeDetail"),
    ("SHOW DATABASES FROM c 'a*'", "ShowSchemas"),
    ("SHOW COLUMNS IN t IN s", "ShowColumns"),
    ("SHOW CREATE TABLE t", "ShowCreateTable"),
    ("DESCRIBE QUERY SELECT 1 AS a", "DescribeQuery"),
    ("DESC WITH c AS (SELECT 1) SELECT * FROM c", "DescribeQuery"),
    ("DESCRIBE query", "DescribeTable"),
    ("SHOW PARTITIONS s.t PARTITION (a = 1, b)", "ShowPartitions"),
    ("ANALYZE TABLE t PARTITION (a = 1) COMPUTE STATISTICS NOSCAN", "AnalyzeTable"),
    ("ANALYZE TABLE t COMPUTE DELTA STATISTICS", "AnalyzeTable"),
    ("ANALYZE TABLE t COMPUTE STATISTICS FOR COLUMNS a, b", "AnalyzeTable"),
    ("ANALYZE TABLES IN s COMPUTE STATISTICS", "AnalyzeTables"),
    ("CACHE LAZY TABLE t OPTIONS ('storageLevel' = 'DISK_ONLY')", "CacheTable"),
    ("CACHE TABLE v AS SELECT 1", "CacheTable"),
    ("UNCACHE TABLE IF EXISTS t", "UncacheTable"),
    ("CLEAR CACHE", "ClearCache"),
    ("SET", "ShowConfigs"),
    ("SET -v", "ShowConfigs"),
    ("SET my.own-key = 1", "SetConfig"),
    ("SET var = 1", "SetConfig"),
    ("SET TIME ZONE LOCAL", "SetTimeZone"),
    ("SET TIME ZONE INTERVAL '2' HOUR", "SetTimeZone"),
    ("RESET", "ResetConfig"),
    ("RESET spark.sql.ansi.enabled", "ResetConfig"),
    ("SET VAR x = 1", "SetVariable"),
    ("DECLARE OR REPLACE VARIABLE x INT DEFAULT 1", "DeclareVariable"),
    ("EXECUTE IMMEDIATE 'SELECT 1'", "ExecuteImmediate"),
    ("DROP TEMPORARY VARIABLE IF EXISTS x", "DropVariable"),
]


@pytest.mark.parametrize(("text", "node"), STATEMENTS)
def test_a_statement_has_one_node(text, node):
    assert type(parse(text).tree).__name__ == node


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_changes_what_sqlglot_parses(family):
    methods = {method for methods in family.FAMILY.values() for method in methods}
    assert not {method for method in methods if hasattr(DatabricksParser, method)}


@pytest.mark.parametrize(
    "text",
    [
        "DROP SCHEMA s CASCADE now",
        "DROP SCHEMA",
        "USE a b",
        "COMMENT ON TABLE t IS x",
        "GRANT ON t TO x",
        "ALTER SCHEMA s SET TAGS (a)",
        "SHOW TABLES IN s LIKE x",
        "DESCRIBE HISTORY t WHERE a",
        "CREATE FUNCTION f",
        "SELECT 1; SELECT 2",
    ],
)
def test_a_wrong_statement_is_refused_at_once(text):
    assert parse(text).tree is None
    assert parse(text).condition == "PARSE_SYNTAX_ERROR"


def test_a_name_with_a_hyphen_needs_backticks():
    assert parse("USE CATALOG my-data").condition == "INVALID_IDENTIFIER"
    assert parse("USE CATALOG `my-data`").tree.levels == ["my-data"]


def test_the_body_of_a_function_is_kept():
    body = "\n  # it's -- `no` /* comment\n  return 1\n"
    text = f"CREATE FUNCTION f() RETURNS INT LANGUAGE PYTHON AS $py$ {body}$$ $py$ -- the end"
    assert parse(text).tree.args["body"] == f" {body}$$ "


@pytest.mark.parametrize(
    ("text", "value"),
    [("'it''s'", "it's"), ("'a' 'b'", "ab"), (r"'it\'s'", "it's"), (r"r'a\b'", r"a\b")],
)
def test_a_text_in_quotes(text, value):
    assert parse(f"COMMENT ON TABLE t IS {text}").tree.args["text"] == value


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
    assert parse(text).condition == "PARSE_EMPTY_STATEMENT"


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
