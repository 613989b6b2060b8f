"""What a command does to a table, and the order of the steps around it."""

from __future__ import annotations

import pytest
from pyspark.errors import ParseException
from pyspark.sql.connect import proto

from lakelab.local.spark.commands import Command, TableChange, run_steps, table_change


def sql(statement: str) -> proto.Command:
    command = proto.Command()
    command.sql_command.input.sql.query = statement
    return command


MERGE = "USING s ON t.k = s.k WHEN MATCHED THEN DELETE"


@pytest.mark.parametrize(
    ("statement", "change"),
    [
        ("UPDATE a.b.c SET x = 1", TableChange("`a`.`b`.`c`", True, True, "UPDATE")),
        ("UPDATE /* x */ t SET x = 1;", TableChange("`t`", True, True, "UPDATE")),
        ("-- x\nupdate\n`T` as u\nset u.x = 1 -- y", TableChange("`T`", True, True, "UPDATE")),
        ("/* all */ delete\nfrom `c d` WHERE x", TableChange("`c d`", True, True, "DELETE")),
        ("DELETE t WHERE x", TableChange("`t`", True, True, "DELETE")),
        (f"MERGE INTO t {MERGE}", TableChange("`t`", True, True, "MERGE")),
        (f"MERGE /* x */ INTO a.t AS t {MERGE}", TableChange("`a`.`t`", True, True, "MERGE")),
        (f"MERGE WITH SCHEMA EVOLUTION INTO t {MERGE}", TableChange("`t`", True, True, "MERGE")),
        (f"WITH s AS (SELECT 1) MERGE INTO t {MERGE}", TableChange("`t`", True, True, "MERGE")),
        ("INSERT INTO t VALUES (1)", TableChange("", False, False, "INSERT")),
        ("WITH s AS (SELECT 1) INSERT INTO t TABLE s", TableChange("", False, False, "INSERT")),
        ("INSERT WITH SCHEMA EVOLUTION INTO t TABLE s", TableChange("", False, False, "INSERT")),
        ("INSERT /* x */ OVERWRITE t VALUES (1)", TableChange("`t`", True, False, "INSERT")),
        ("INSERT INTO t REPLACE WHERE x = 1 TABLE s", TableChange("`t`", True, False, "INSERT")),
        ("INSERT INTO t REPLACE USING (x) SELECT 1", TableChange("`t`", True, False, "INSERT")),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", TableChange("`t`")),
        ("create /* x */ table if not exists a.t (x INT)", TableChange("`a`.`t`")),
        ("REPLACE TABLE t (x INT)", TableChange("`t`")),
        ("SELECT 'UPDATE t SET x = 1'", None),
        ("EXPLAIN DELETE FROM t", None),
        ("CREATE VIEW v AS SELECT 1", None),
        ("DROP TABLE t", None),
    ],
)
def test_what_a_statement_does_to_a_table(statement, change):
    assert table_change(sql(statement)) == change


@pytest.mark.parametrize(
    "statement",
    [
        "MERGE INTO t USING s",
        "/* x */ insert into t REPLACE ON t.x = s.x SELECT 1",
        "DELETE",
        "CREATE TABLE t SOMEHOW",
    ],
)
def test_a_statement_that_changes_rows_of_an_unknown_table_is_refused(statement):
    with pytest.raises(ParseException, match="does not understand this statement"):
        table_change(sql(statement))


@pytest.mark.parametrize(("mode", "waits"), [("APPEND", False), ("OVERWRITE", True)])
def test_a_dataframe_that_is_appended_does_not_wait(mode, waits):
    command = proto.Command()
    command.write_operation.table.table_name = "a.b.c"
    command.write_operation.mode = proto.WriteOperation.SaveMode.Value(f"SAVE_MODE_{mode}")
    assert table_change(command) == TableChange("a.b.c", is_serialized=waits)


def test_a_dataframe_that_is_merged_rewrites_rows():
    command = proto.Command()
    command.merge_into_table_command.target_table_name = "t"
    assert table_change(command) == TableChange("t", rewrites_rows=True)


def test_the_first_step_is_outermost():
    order = []

    def step(name):
        def around(command, proceed):
            order.append(f"before {name}")
            answer = proceed(Command(None, f"{command.message} {name}"))
            order.append(f"after {name}")
            return answer

        return around

    answer = run_steps(
        (step("a"), step("b")), Command(None, "message"), lambda message: (message, {}, None)
    )
    assert answer[0] == "message a b"
    assert order == ["before a", "before b", "after b", "after a"]
