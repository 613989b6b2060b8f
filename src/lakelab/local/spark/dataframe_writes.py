"""What a table gets and what it keeps when a DataFrame is written to it.

- The DataFrame's columns become those of the table (:mod:`lakelab.local.spark.written_columns`).
- A write that replaces rows or columns is one commit that keeps the table's constraints
  (:mod:`lakelab.local.spark.delta_writes`).
- A new table has the comment of ``.option("comment", ...)``, which Sail ignores.
- A table keeps the columns of ``clusterBy``, which Sail does not know.

Follows https://docs.databricks.com/aws/en/delta/update-schema,
https://docs.databricks.com/aws/en/delta/selective-overwrite and
https://docs.databricks.com/aws/en/tables/constraints
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from pyspark.errors import PySparkException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import check_properties
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.delta.state import TableState
from lakelab.local.spark.authorization import authorize
from lakelab.local.spark.commands import Answer, Command, Proceed
from lakelab.local.spark.delta_writes import DeltaTarget
from lakelab.local.spark.external_tables import external_folder
from lakelab.local.spark.write_message import WriteMessage
from lakelab.local.spark.write_options import PARTITION_OVERWRITE_MODE
from lakelab.local.spark.written_columns import adapt_frame
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.session import Session
from lakelab.local.sql.statements.cluster_by import canonical_columns, check_column_count

_FILE_FORMATS = ("avro", "binaryfile", "csv", "json", "orc", "parquet", "text", "xml")


def keep_table_schema(command: Command, proceed: Proceed) -> Answer:
    """Write a DataFrame to a table so that the table gets and keeps what it does on Databricks.

    Raises
    ------
    UnityCatalogError
        If the write creates a table where it cannot, or the table cannot take the DataFrame.
    pyspark.errors.PySparkException
        If the engine refuses the write, or a row breaks a constraint of the table.
    """
    if WriteMessage.writes_path(command.message):
        return _write_to_path(command, proceed)
    if not WriteMessage.writes_table(command.message):
        return proceed(command)
    session = command.session
    try:
        name = session.resolve(WriteMessage(command.message).table)
    except UnityCatalogError:
        return proceed(command)  # not the name of a table: the engine reports that
    with session.unity.locked(name) if _is_locked(command) else nullcontext():
        return _write_to_table(command, proceed, name)


def _is_locked(command: Command) -> bool:
    """Return whether a write waits for others; an append does not, unless it is written once only."""
    write = WriteMessage(command.message)
    return write.is_v2 or write.is_overwrite or bool(write.option("txnAppId"))


def _write_to_table(command: Command, proceed: Proceed, name: TableName) -> Answer:
    session = command.session
    authorize(session, command.message)
    write = WriteMessage(command.message).copy()
    _require_place(session, write, name)
    _require_delta(write)
    exists = session.unity.exists(name)
    folder = session.unity.path(name) if exists else external_folder(session, name)
    if folder is not None:
        _take_location(write, folder, name)
    if folder is not None and not exists:
        return _write_to_folder(command, proceed, write, folder)
    clustering = _take_clustering(session, name, write)
    fields = None
    if not exists:
        check_properties(write.delta_properties)
    if exists:
        table = session.unity.table(name)
        fields = table.fields
        _require_partitioning(write, list(table.delta.metadata().partition_columns))
    is_changed = adapt_frame(session, write, fields, str(name))
    staged = None
    if exists:
        target = DeltaTarget(session, write, session.unity.path(name), name)
        staged = target.staged_write(write.frame(session))
    if staged is not None:
        answer = staged.run(lambda message: proceed(replace(command, message=message)))
    else:
        answer = _write_by_engine(command, proceed, name, write)
    if not exists and write.comment and session.unity.exists(name):
        session.unity.table(name).set_comment(write.comment)
    if clustering and (not exists or write.replaces_table):
        session.unity.table(name).set_clustering(clustering)
    if is_changed and not exists and session.unity.exists(name):
        refresh_schema(session, name)  # the engine has read that the columns have no nulls
    return answer


def _write_to_path(command: Command, proceed: Proceed) -> Answer:
    session = command.session
    write = WriteMessage(command.message).copy()
    if write.format not in ("", "delta"):
        _refuse_dynamic_files(session, write)
        return proceed(command)
    folder = Path(write.path.removeprefix("file:"))
    if not (folder / "_delta_log").is_dir():
        check_properties(write.delta_properties)
        return proceed(command)
    return _write_to_folder(command, proceed, write, folder)


def _write_to_folder(
    command: Command, proceed: Proceed, write: WriteMessage, folder: Path
) -> Answer:
    """Write to a Delta table that exists outside Unity Catalog."""
    session = command.session
    if write.requires_new_table or write.is_ignore:
        return proceed(command)
    adapt_frame(session, write, TableState.read(folder).fields, str(folder))
    staged = DeltaTarget(session, write, folder).staged_write(write.frame(session))
    if staged is None:
        return proceed(replace(command, message=write.command))
    authorize(session, command.message)
    return staged.run(lambda message: proceed(replace(command, message=message)))


def _refuse_dynamic_files(session: Session, write: WriteMessage) -> None:
    """Refuse an overwrite of some partitions of files: the engine would delete all of them."""
    if not write.is_overwrite or not write.partitioning:
        return
    with session.internal_queries():
        default = session.conf.get(PARTITION_OVERWRITE_MODE, "static") or "static"
    if (write.option("partitionOverwriteMode") or default).lower() == "dynamic":
        raise UnityCatalogError(
            f"partitionOverwriteMode=dynamic is supported for Delta tables, not for files of the format "
            f"'{write.format}'. Write a Delta table, or the folder of each partition.",
            condition=conditions.UNSUPPORTED_FEATURE,
        )


def _write_by_engine(
    command: Command, proceed: Proceed, name: TableName, write: WriteMessage
) -> Answer:
    session = command.session
    added = _add_merged_columns(session, name, write)
    try:
        answer = proceed(replace(command, message=write.command))
    except PySparkException:
        if added:
            session.unity.table(name).drop_columns(added)
            refresh_schema(session, name)  # the engine has read the schema of the refused write
        raise
    if write.replaces_table:
        refresh_schema(session, name)  # the engine has read that the columns have no nulls
    return answer


def _require_delta(write: WriteMessage) -> None:
    """Refuse what no Delta table has: another format, or buckets."""
    if write.format not in ("", "delta", *_FILE_FORMATS):
        raise NotFoundError(
            f"Failed to find the data source: {write.format}. Make sure the provider name is correct.",
            condition=conditions.DATA_SOURCE_NOT_FOUND,
        )
    if write.format not in ("", "delta"):
        raise UnityCatalogError(
            f"A table of Unity Catalog is a Delta table, but the write has the format '{write.format}'. "
            f"Leave the format out, or write files: .format('{write.format}').save(path).",
            condition=conditions.UNSUPPORTED_FEATURE_TABLE_OPERATION,
        )
    if write.is_bucketed:
        raise UnityCatalogError(
            "Operation not allowed: `Bucketing` is not supported for Delta tables. Leave bucketBy and "
            "sortBy out; clusterBy or partitionBy lay the rows out.",
            condition=conditions.DELTA_OPERATION_NOT_ALLOWED,
        )


def _take_location(write: WriteMessage, folder: Path, name: TableName) -> None:
    """Remove the option ``path`` from a write to a table that exists there; refuse another place."""
    given = write.option("path")
    if given is None:
        return
    if Path(given.removeprefix("file://").removeprefix("file:")) != folder:
        raise UnityCatalogError(
            f"The location of the existing table {name.quoted} is {folder}. It doesn't match the specified "
            f"location {given}. Leave the option path out.",
            condition=conditions.DELTA_TABLE_LOCATION_MISMATCH,
        )
    write.remove_option("path")


def _require_partitioning(write: WriteMessage, columns: list[str]) -> None:
    """Refuse ``partitionBy`` with other columns than those of the table."""
    given = write.partitioning
    if not given or write.replaces_table:
        return
    if [column.lower() for column in given] != [column.lower() for column in columns]:
        raise UnityCatalogError(
            f"A metadata mismatch was detected when writing to the Delta table.\n"
            f"Partition columns do not match the partition columns of the table.\n"
            f"Given: {', '.join(f'`{column}`' for column in given)}\n"
            f"Table: {', '.join(f'`{column}`' for column in columns)}\n"
            f"To overwrite your schema or change partitioning, please set: "
            f'.option("overwriteSchema", "true").',
            condition=conditions.DELTA_METADATA_MISMATCH,
        )


def _require_place(session: Session, write: WriteMessage, name: TableName) -> None:
    """Refuse a schema that does not exist, and a new table where one exists."""
    if not session.unity.exists(name):
        session.unity.require_schema(name.catalog, name.schema)
    elif write.requires_new_table:
        session.unity.table(name)  # refuses a user who may not know of the table
        raise table_already_exists(name)


def _take_clustering(session: Session, name: TableName, write: WriteMessage) -> list[str]:
    """Remove ``clusterBy`` from a write, and return its columns as the table spells them.

    Raises
    ------
    UnityCatalogError
        If the rows do not have a column, or the table is clustered by others.
    """
    if not write.clustering:
        return []
    check_column_count(write.clustering)
    columns = canonical_columns(write.clustering, write.frame(session).columns, name)
    existing = session.unity.table(name).clustering if session.unity.exists(name) else columns
    if columns != existing and not write.replaces_table:
        raise UnityCatalogError(
            f"The provided clustering columns do not match the existing table's.\n"
            f"- provided: {', '.join(columns)}\n- existing: {', '.join(existing) or 'none'}",
            condition=conditions.DELTA_CLUSTERING_COLUMNS_MISMATCH,
        )
    write.remove_clustering()
    return columns


def _add_merged_columns(session: Session, name: TableName, write: WriteMessage) -> list[str]:
    """Add the new columns of an append with ``mergeSchema`` to a table that has NOT NULL columns.

    The engine would add them, too, but would make the NOT NULL columns nullable.

    Returns
    -------
    list of str
        The added columns.
    """
    if not write.is_append or not write.has_option("mergeSchema") or not session.unity.exists(name):
        return []
    table = session.unity.table(name)
    if all(field["nullable"] for field in table.fields):
        return []
    existing = {field["name"].lower() for field in table.fields}
    schema = write.frame(session).schema.toNullable()
    new = [field for field in schema if field.name.lower() not in existing]
    if new:
        table.add_columns([json.loads(field.json()) for field in new], [None] * len(new))
        refresh_schema(session, name)
    write.remove_option("mergeSchema")
    return [field.name for field in new]
