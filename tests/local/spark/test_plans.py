"""Walking through the messages of a plan."""

from __future__ import annotations

from pyspark.sql.connect import proto

from lakelab.local.spark.plans import messages, paths


def test_messages_come_from_the_outside_inwards():
    plan = proto.Plan()
    plan.root.filter.input.read.named_table.unparsed_identifier = "main.a.b"
    names = [message.DESCRIPTOR.name for message in messages(plan)]
    assert names == ["Plan", "Relation", "Filter", "Relation", "Read", "NamedTable"]


def test_messages_in_lists_and_maps_are_found():
    plan = proto.Plan()
    plan.command.sql_command.input.sql.named_arguments["x"].literal.integer = 1
    plan.command.sql_command.input.sql.pos_arguments.add().literal.integer = 2
    literals = [m.integer for m in messages(plan) if m.DESCRIPTOR.name == "Literal"]
    assert sorted(literals) == [1, 2]


def test_paths_of_readers_and_writers():
    read = proto.Read.DataSource(paths=["/a", "/b"])
    assert list(paths(read)) == ["/a", "/b"]
    assert list(paths(proto.WriteOperation(path="/c"))) == ["/c"]
    assert list(paths(proto.Read.DataSource(options={"Path": "/d", "header": "true"}))) == ["/d"]
