"""Spark Connect's client with the steps that the embedded engine needs.

A command, which is an SQL statement or an action that writes, passes ``COMMAND_STEPS`` around its
execution. Each request that carries a plan passes ``REQUEST_STEPS`` before it reaches the engine: inside
the steps of its command, if it belongs to one. Both are read from top to bottom. Queries of the session itself (``session.internal_queries()``) pass no step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol

import grpc
from pyspark.errors import PySparkException
from pyspark.sql.connect.client import DefaultChannelBuilder, SparkConnectClient

from lakelab.local.spark.authorization import authorize
from lakelab.local.spark.check_constraints import enforce_check_constraints
from lakelab.local.spark.commands import Answer, Command, Step, run_steps, table_change
from lakelab.local.spark.dataframe_writes import keep_table_schema
from lakelab.local.spark.delta_folders import read_without_statistics
from lakelab.local.spark.disk_space import explain_full_disk
from lakelab.local.spark.engine_errors import translate
from lakelab.local.spark.external_targets import link_external_target
from lakelab.local.spark.failed_request import FailedRequest
from lakelab.local.spark.insert_overwrite import replace_rows_by_insert
from lakelab.local.spark.missing_paths import require_paths
from lakelab.local.spark.missing_relations import replace_missing_relations
from lakelab.local.spark.new_tables import create_in_own_folder
from lakelab.local.spark.plan_functions import rewrite_function_calls
from lakelab.local.spark.plan_names import name_plan_columns
from lakelab.local.spark.plan_semantics import meaning, semantic_hash
from lakelab.local.spark.plan_values import correct_plan
from lakelab.local.spark.relation_names import lower_names, names_relation
from lakelab.local.spark.relations.observed_metrics import as_plan_metrics, compute_metrics
from lakelab.local.spark.row_counts import report_changed_rows
from lakelab.local.spark.shown_rows import shown_rows
from lakelab.local.spark.statistics import omit_statistics
from lakelab.local.spark.temporary_views import TemporaryViews, created_view
from lakelab.local.spark.time_travel import prepare_time_travel
from lakelab.local.spark.views import replace_views
from lakelab.local.spark.write_conflicts import retry_conflicts, serialize_rewrites
from lakelab.local.sql.errors import spark_errors
from lakelab.local.sql.session import Session


class ClientSession(Session, Protocol):
    """The session that a client belongs to."""

    view_definitions: TemporaryViews

    @property
    def is_internal(self) -> bool: ...
    @property
    def catalog_changes(self) -> int: ...


def sync_catalog(session: ClientSession, request: Any) -> None:
    """Bring the engine's catalog up to date with the folders, for a plan that may name a relation."""
    if names_relation(request):
        session.sync()


def refresh_temporary_views(session: ClientSession, request: Any) -> None:
    """Create the temporary views again whose tables have changed."""
    session.view_definitions.refresh(request, session.catalog_changes)


REQUEST_STEPS: tuple[Callable[[Any, Any], None], ...] = (
    sync_catalog,
    lower_names,
    refresh_temporary_views,
    replace_views,
    rewrite_function_calls,
    authorize,
    require_paths,
    prepare_time_travel,
    read_without_statistics,
    replace_missing_relations,
    name_plan_columns,
    correct_plan,
)
"""Each step gets the session and the request. It may change or refuse the request."""

COMMAND_STEPS: tuple[Step, ...] = (
    explain_full_disk,
    link_external_target,
    serialize_rewrites,
    report_changed_rows,
    enforce_check_constraints,
    retry_conflicts,
    replace_rows_by_insert,
    keep_table_schema,
    omit_statistics,
    create_in_own_folder,
)
"""Each step gets the command and the next step. The first step is outermost."""


class LocalSparkClient(SparkConnectClient):
    """Spark Connect's client of one session.

    Parameters
    ----------
    channel : DefaultChannelBuilder
        Builds the channel to the engine.
    session : ClientSession
        The session whose requests it sends.
    """

    def __init__(self, channel: DefaultChannelBuilder, session: ClientSession):
        self._session = session
        channel.add_interceptor(_PlanInterceptor(self._prepare_request))
        super().__init__(channel)

    def execute_command(self, command: Any, *args: Any, **kwargs: Any) -> Answer:
        """Pass a command through ``COMMAND_STEPS``, and send it to the engine."""
        execute = super().execute_command

        def execute_on_engine(message: Any) -> Answer:
            return execute(message, *args, **kwargs)

        if self._session.is_internal:
            return execute_on_engine(command)
        prepared = Command(self._session, command, table_change(command))
        with spark_errors():
            answer = run_steps(COMMAND_STEPS, prepared, execute_on_engine)
            if created_view(command):
                # as the engine got it, after the steps of the request
                sent = self.thread_local.request.plan.command
                self._session.view_definitions.record(sent, self._session.catalog_changes)
        return answer

    def to_table(self, plan: Any, observations: Any) -> Any:
        """Return the rows of a plan; rows that are shown are the text of Spark."""
        table, *others = super().to_table(plan, observations)
        return shown_rows(plan, table), *others

    def same_semantics(self, plan: Any, other: Any) -> bool:
        """Return whether two plans mean the same."""
        return meaning(plan) == meaning(other)

    def semantic_hash(self, plan: Any) -> int:
        """Return a hash of a plan's meaning."""
        return semantic_hash(plan)

    def _execute_and_fetch_as_iterator(
        self, req: Any, observations: dict[str, Any], progress: Any = None
    ) -> Iterator[Any]:
        """Execute a plan, and give its observations their metrics."""
        # before it is executed: a write may change the rows that it reads
        metrics = {} if self._session.is_internal else compute_metrics(self._session, req)
        yield from super()._execute_and_fetch_as_iterator(req, observations, progress)
        for name in metrics.keys() & observations.keys():
            observations[name]._result.update(metrics[name])  # noqa: SLF001 - no public way
        yield from (as_plan_metrics(self, name, values) for name, values in metrics.items())

    def _handle_error(self, error: Exception) -> NoReturn:
        """Raise an error of the engine under Spark's condition."""
        try:
            super()._handle_error(error)
        except PySparkException as refused:
            request = getattr(self.thread_local, "request", None)
            if translated := translate(refused, FailedRequest(self._session, request)):
                raise translated from None  # as Spark's client hides the error of the connection
            raise

    def _prepare_request(self, request: Any) -> None:
        self.thread_local.request = request
        if self._session.is_internal:
            return
        with self._session.internal_queries(), spark_errors():
            for step in REQUEST_STEPS:
                step(self._session, request)
        # a step may have sent a request of its own
        self.thread_local.request = request


class _PlanInterceptor(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Prepare each request that asks the engine to analyze or execute a plan."""

    def __init__(self, prepare: Callable[[Any], None]):
        self._prepare = prepare

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._continue(continuation, details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._continue(continuation, details, request)

    def _continue(self, continuation: Any, details: Any, request: Any) -> Any:
        method = details.method if isinstance(details.method, str) else details.method.decode()
        if method.endswith(("/AnalyzePlan", "/ExecutePlan")):
            self._prepare(request)
        return continuation(details, request)
