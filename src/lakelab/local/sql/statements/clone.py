"""``CREATE TABLE ... CLONE``: a copy of a table, in one commit.

The clone has the rows, columns, NOT NULL and CHECK constraints, partitioning, clustering and properties of its
source; the comment, the primary key and the tags are not cloned. A shallow clone keeps its files, too: VACUUM of the source
does not break it.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-clone
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import (
    COLUMN_TAGS,
    PRIMARY_KEY,
    TAGS,
    check_properties,
    stored_name,
    without,
)
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.versions import Versions
from lakelab.local.delta.clone import ClonedFiles, CloneError
from lakelab.local.delta.commit import Action, commit, commit_version, now
from lakelab.local.delta.metadata import Metadata
from lakelab.local.delta.protocol import protocol_action
from lakelab.local.delta.statistics import StatisticsError
from lakelab.local.sql.grammar.tables import CloneTable
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.results import empty_result
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.statements.create_table import check_table_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_OPERATION = "CLONE"
_NOT_CLONED = (PRIMARY_KEY, TAGS, COLUMN_TAGS)
_COLUMNS = (
    "source_table_size bigint, source_num_of_files bigint, num_removed_files bigint, "
    "num_copied_files bigint, removed_files_size bigint, copied_files_size bigint"
)


def _clone(session: Session, node: CloneTable) -> DataFrame:
    name, source = session.resolve(node.target), session.resolve(node.args["source"].quoted)
    check_table_name(name)
    check_properties(node.args["properties"])
    exists = _check_target(session, node, name)
    if exists and not node.args["replace"]:
        return empty_result(session)
    if isinstance(session.unity, GovernedCatalogs):
        session.unity.require_read(source)
        session.unity.require_change(name)
    table = _source_table(session, node, source)
    with _clone_errors(table):
        files = ClonedFiles.read(table.delta, table.path)
    if exists:
        metrics = _replace(session, node, table, files, name)
    else:
        metrics = _create(session, node, table, files, name)
    return session.createDataFrame([tuple(metrics.values())], _COLUMNS)


def _check_target(session: Session, node: CloneTable, name: TableName) -> bool:
    """Return whether the clone exists, if the statement allows that."""
    session.unity.require_schema(name.catalog, name.schema)
    exists = session.unity.exists(name)
    if exists and not node.args["replace"] and not node.args["exists"]:
        raise table_already_exists(name)
    if not exists and node.args["must_exist"]:
        raise UnityCatalogError(
            f"Table {name} cannot be replaced as it does not exist. Use CREATE OR REPLACE TABLE to create the "
            f"table.",
            condition=conditions.DELTA_CANNOT_REPLACE_MISSING_TABLE,
        )
    return exists


def _source_table(session: Session, node: CloneTable, name: TableName) -> UnityTable:
    """Return the source, at the version of the statement."""
    table = session.unity.table(name)
    versions = Versions(table.delta, str(name))
    if version := node.args["version"]:
        return session.unity.table(name, versions.require(int(version.name)))
    if expression := node.args["timestamp"]:
        query = f"SELECT CAST({expression} AS TIMESTAMP)"
        moment = session.engine_sql(query).collect()[0][0]
        if moment is None:
            raise UnityCatalogError(
                f"The provided timestamp ({expression}) cannot be converted to a valid timestamp.",
                condition=conditions.DELTA_TIMESTAMP_INVALID,
            )
        return session.unity.table(name, versions.at(moment.replace(tzinfo=UTC)))
    return table


def _create(
    session: Session, node: CloneTable, table: UnityTable, files: ClonedFiles, name: TableName
) -> dict[str, int]:
    metrics = files.metrics(shallow=node.args["shallow"])
    metadata = replace(
        Metadata.read(table.delta),
        description=None,
        configuration=_configuration(node, table),
        id=str(uuid.uuid4()),
        name=None,
        created_time=now(),
    )
    with session.unity.staged(name) as folder:
        files.copy(table.path, folder)
        (folder / "_delta_log").mkdir(parents=True)
        info = {
            "operation": _OPERATION,
            "operationParameters": _parameters(node, table),
            "operationMetrics": _as_text(metrics),
            "readVersion": None,
        }
        actions = [protocol_action(table.delta), metadata.action(), *files.actions()]
        commit_version(folder, 0, info, actions)
    return metrics


def _replace(
    session: Session, node: CloneTable, table: UnityTable, files: ClonedFiles, name: TableName
) -> dict[str, int]:
    """Replace a table by the clone, in one commit; a replaced table keeps its comment and its tags."""
    target = session.unity.table(name)
    configuration = _configuration(node, table)
    source = Metadata.read(table.delta)
    metrics: dict[str, int] = {}

    def attempt() -> None:
        current = Metadata.read(target.delta)
        kept = {
            k: current.configuration[k] for k in (TAGS, COLUMN_TAGS) if k in current.configuration
        }
        changed = replace(
            current,
            fields=source.fields,
            partition_columns=source.partition_columns,
            configuration=configuration | kept,
        )
        with _clone_errors(target):
            present = ClonedFiles.read(target.delta, target.path).source
        cloned = ClonedFiles(files.source, present)
        cloned.copy(table.path, target.path)
        metrics.update(cloned.metrics(shallow=node.args["shallow"]))
        actions: list[Action] = [changed.action(), *cloned.actions()]
        if protocol_action(table.delta) != protocol_action(target.delta):
            actions.insert(0, protocol_action(table.delta))
        commit(
            target.delta,
            target.path,
            _OPERATION,
            actions,
            parameters=_parameters(node, table),
            metrics=_as_text(metrics),
        )

    with session.unity.locked(name):
        target.commit_with_retries(attempt)
    refresh_schema(session, name)
    return metrics


def _configuration(node: CloneTable, table: UnityTable) -> dict[str, str]:
    written = {stored_name(key): value for key, value in node.args["properties"].items()}
    return without(table.configuration, _NOT_CLONED) | written


def _parameters(node: CloneTable, table: UnityTable) -> dict[str, str]:
    return {
        "source": str(table.name),
        "sourceVersion": str(table.version),
        "isShallow": str(bool(node.args["shallow"])).lower(),
    }


def _as_text(metrics: dict[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in metrics.items()}


@contextmanager
def _clone_errors(table: UnityTable) -> Iterator[None]:
    try:
        yield
    except (CloneError, StatisticsError) as error:
        raise UnityCatalogError(
            f"Table '{table.name}' cannot be cloned: {error}.",
            condition=conditions.DELTA_CLONE_UNSUPPORTED_SOURCE,
        ) from error


HANDLERS: Handlers = {CloneTable: _clone}
