"""The message of a DataFrame write, in both forms of Spark Connect."""

from __future__ import annotations

import pytest
from pyspark.sql.connect import proto

from lakelab.local.spark.write_message import WriteMessage


@pytest.fixture
def sent(spark, monkeypatch):
    """The last command that the session's client was given; nothing is executed."""
    commands = []

    def execute_command(command, *args, **kwargs):
        commands.append(command)
        return None, {}, None

    monkeypatch.setattr(spark.client, "execute_command", execute_command)
    return commands


WRITERS = {
    "saveAsTable": lambda df: df.write.saveAsTable("a.b.c"),
    "append": lambda df: df.write.mode("append").saveAsTable("a.b.c"),
    "overwrite": lambda df: df.write.mode("overwrite").saveAsTable("a.b.c"),
    "ignore": lambda df: df.write.mode("ignore").saveAsTable("a.b.c"),
    "insertInto": lambda df: df.write.insertInto("a.b.c"),
    "overwriteSchema": lambda df: (
        df.write.mode("overwrite").option("OVERWRITESCHEMA", "True").saveAsTable("a.b.c")
    ),
    "create": lambda df: df.writeTo("a.b.c").create(),
    "createOrReplace": lambda df: df.writeTo("a.b.c").createOrReplace(),
    "writeTo.append": lambda df: df.writeTo("a.b.c").append(),
}


@pytest.mark.parametrize(
    ("writer", "properties"),
    [
        ("saveAsTable", {"requires_new_table"}),
        ("append", {"is_append"}),
        ("overwrite", {"is_overwrite"}),
        ("ignore", {"is_ignore"}),
        ("insertInto", {"is_insert_into"}),
        ("overwriteSchema", {"is_overwrite", "replaces_table"}),
        ("create", {"is_v2", "requires_new_table"}),
        ("createOrReplace", {"is_v2", "replaces_table"}),
        ("writeTo.append", {"is_v2"}),
    ],
)
def test_what_a_writer_asks_for(spark, sent, writer, properties):
    WRITERS[writer](spark.range(1))
    (command,) = sent
    assert WriteMessage.writes_table(command)
    write = WriteMessage(command)
    assert write.table == "a.b.c"
    flags = (
        "is_v2 is_append is_overwrite is_ignore is_insert_into requires_new_table replaces_table"
    )
    assert {flag for flag in flags.split() if getattr(write, flag)} == properties


def test_a_copy_leaves_the_users_command_as_it_is():
    command = proto.Command()
    command.write_operation.table.table_name = "t"
    command.write_operation.options["mergeSchema"] = "true"
    command.write_operation.clustering_columns.append("k")
    copy = WriteMessage(command).copy()
    copy.remove_option("MERGESCHEMA")
    copy.remove_clustering()
    assert not copy.has_option("mergeSchema")
    assert copy.clustering == []
    assert WriteMessage(command).has_option("mergeSchema")
    assert WriteMessage(command).clustering == ["k"]


def test_a_write_to_a_path_or_a_statement_is_no_write_to_a_table():
    path, statement = proto.Command(), proto.Command()
    path.write_operation.path = "/somewhere"
    statement.sql_command.input.sql.query = "SELECT 1"
    assert not WriteMessage.writes_table(path)
    assert not WriteMessage.writes_table(statement)


@pytest.mark.parametrize(
    ("write", "creates"),
    [
        (lambda df: df.write.saveAsTable("a.b.c"), True),
        (lambda df: df.write.format("delta").save("/folder"), True),
        (lambda df: df.write.parquet("/folder"), False),
        (lambda df: df.writeTo("a.b.c").using("delta").createOrReplace(), True),
        (lambda df: df.writeTo("a.b.c").append(), False),
    ],
)
def test_which_writers_create_delta_tables(spark, sent, write, creates):
    write(spark.range(1))
    assert WriteMessage.writes(sent[0])
    assert WriteMessage(sent[0]).creates_delta == creates


@pytest.mark.parametrize(
    "write",
    [
        lambda df: df.write.option("DELTA.x", "own").saveAsTable("a.b.c"),
        lambda df: df.writeTo("a.b.c").tableProperty("DELTA.x", "own").create(),
    ],
)
def test_properties_replace_those_of_the_writer(spark, sent, write):
    write(spark.range(1))
    message = WriteMessage(sent[0]).copy()
    message.set_properties({"delta.x": "0"})
    v2 = message.command.write_operation_v2
    given = v2.table_properties if message.is_v2 else message.command.write_operation.options
    assert dict(given) == {"delta.x": "0"}
