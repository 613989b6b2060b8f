"""The steps of the client: which requests pass them, and in which order."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.spark import client


def test_steps_stand_in_the_order_that_they_need():
    request = [step.__name__ for step in client.REQUEST_STEPS]
    # function calls are rewritten by the names of tables and functions that are registered; what the
    # rewritten plan reads is authorized
    assert request.index("sync_catalog") == 0
    assert request.index("rewrite_function_calls") < request.index("authorize")
    command = [step.__name__ for step in client.COMMAND_STEPS]
    # the lock is held while a statement is retried, checked and counted
    lock = command.index("serialize_rewrites")
    for within in ("report_changed_rows", "enforce_check_constraints", "retry_conflicts"):
        assert lock < command.index(within)
    # a statement that a constraint takes back has no number of rows
    assert command.index("report_changed_rows") < command.index("enforce_check_constraints")


@pytest.fixture
def requests(monkeypatch):
    """The names of the steps that requests pass."""
    passed = []

    def record(session, request):
        passed.append("request")

    def record_command(command, proceed):
        passed.append("command")
        return proceed(command)

    monkeypatch.setattr(client, "REQUEST_STEPS", (record, *client.REQUEST_STEPS))
    monkeypatch.setattr(client, "COMMAND_STEPS", (record_command, *client.COMMAND_STEPS))
    return passed


def test_a_query_and_an_analysis_pass_the_steps_of_requests(spark, schema, requests):
    frame = spark.range(3)
    assert frame.schema.names == ["id"]
    assert requests == ["request"]
    frame.collect()
    assert requests == ["request", "request"]


def test_a_write_passes_the_steps_of_commands_too(spark, schema, requests):
    spark.range(3).write.saveAsTable("three")
    assert requests[0] == "command"
    assert requests.count("command") == 1


def test_queries_of_the_session_itself_pass_no_step(spark, schema, requests):
    with spark.internal_queries():
        assert spark.is_internal
        spark.engine_sql("SELECT 1").collect()
    assert not spark.is_internal
    assert requests == []


def test_what_a_step_refuses_is_spark_s_exception(spark, schema, monkeypatch):
    def refuse(session, request):
        raise UnityCatalogError("No.", condition="NO", sql_state="42000")

    monkeypatch.setattr(client, "REQUEST_STEPS", (refuse,))
    frame = spark.range(1)
    with pytest.raises(AnalysisException) as refused:
        frame.collect()
    assert refused.value.getCondition() == "NO"
