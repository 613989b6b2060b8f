"""What a command does to a table, and the order of the steps around it."""

from __future__ import annotations

import pytest
from pyspark.sql.connect import proto

from lakelab.local.spark.commands import Command, TableChange, run_steps, table_change


def sql(statement: str) -> proto.Command:
    command = proto.Command()
    command.sql_command.input.sql.query = statement
    return command


@pytest.mark.parametrize(
    ("statement", "change"),
    [
        ("UPDATE a.b.c SET x = 1", TableChange("a.b.c", True, True, "UPDATE")),
        ("/* all */ delete\nfrom `c d` WHERE x", TableChange("`c d`", True, True, "DELETE")),
        ("MERGE INTO t USING s ON t.k = s.k", TableChange("t", True, True, "MERGE")),
        ("INSERT INTO t VALUES (1)", TableChange("", False, False, "INSERT")),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", TableChange("t")),
        ("SELECT 'UPDATE t SET x = 1'", None),
        ("DROP TABLE t", None),
    ],
)
def test_what_a_statement_does_to_a_table(statement, change):
    assert table_change(sql(statement)) == change


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
