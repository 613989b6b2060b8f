"""What a table gets and what it keeps when a DataFrame is written to it.

- A column that has no nulls in a DataFrame, such as a literal, may be null in a table that is created from
  it. Sail declares the column NOT NULL, and then reads 0 where older rows of the table have no value.
- Columns that the DataFrame leaves out are null. A column that the table does not have is refused, unless
  ``mergeSchema`` or ``overwriteSchema`` allows it.
- An overwrite without ``overwriteSchema`` keeps the table's NOT NULL columns and CHECK constraints
  (:mod:`lakelab.local.spark.table_promises`).
- A new table has the comment of ``.option("comment", ...)``, which Sail ignores.
- A table keeps the columns of ``clusterBy``, which Sail does not know.

Follows https://docs.databricks.com/aws/en/delta/update-schema,
https://docs.databricks.com/aws/en/delta/selective-overwrite and
https://docs.databricks.com/aws/en/tables/constraints
"""

from __future__ import annotations

import json
from dataclasses import replace

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.connect import functions

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.types import sql_type
from lakelab.local.spark.commands import Answer, Command, Proceed
from lakelab.local.spark.table_promises import TablePromises
from lakelab.local.spark.write_message import WriteMessage
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.session import Session
from lakelab.local.sql.statements.cluster_by import canonical_columns, check_column_count
from lakelab.local.sql.statements.insert import is_filled_by_engine


def keep_table_schema(command: Command, proceed: Proceed) -> Answer:
    """Write a DataFrame to a table so that the table gets and keeps what it does on Databricks.

    Raises
    ------
    UnityCatalogError
        If the write creates a table where it cannot, or the table cannot take the DataFrame.
    pyspark.errors.PySparkException
        If the engine refuses the write, or a row breaks a constraint of the table.
    """
    if not WriteMessage.writes_table(command.message):
        return proceed(command)
    session = command.session
    try:
        name = session.resolve(WriteMessage(command.message).table)
    except UnityCatalogError:
        return proceed(command)  # not the name of a table: the engine reports that
    write = WriteMessage(command.message).copy()
    _require_place(session, write, name)
    clustering = _take_clustering(session, name, write)
    is_changed = _adapt_frame(session, name, write)
    before = TablePromises.before(session, name, write)
    added = _add_merged_columns(session, name, write)
    try:
        answer = proceed(replace(command, message=write.command))
    except PySparkException:
        if added:
            session.unity.table(name).drop_columns(added)
        if added or (before and before.not_null):
            refresh_schema(session, name)  # the engine has read the schema of the refused write
        raise
    if before is not None:
        before.restore(session, name)
    elif write.comment and session.unity.exists(name):
        session.unity.table(name).set_comment(write.comment)
    if clustering and (before is None or write.replaces_table):
        session.unity.table(name).set_clustering(clustering)
    if is_changed and session.unity.exists(name):
        refresh_schema(session, name)  # the engine has read that the columns have no nulls
    return answer


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
            condition="DELTA_CLUSTERING_COLUMNS_MISMATCH",
            sql_state="42P10",
        )
    write.remove_clustering()
    return columns


def _adapt_frame(session: Session, name: TableName, write: WriteMessage) -> bool:
    """Adapt the written DataFrame to the table's columns, all nullable; return whether it changed."""
    given = write.frame(session)
    frame = _nullable(session, _with_columns_of(session, name, write, given))
    if frame is given:
        return False
    write.set_frame(frame, session.client)
    return True


def _nullable(session: Session, frame: DataFrame) -> DataFrame:
    """Make all columns nullable, as they are in a table that is created from a DataFrame."""
    nullable = frame.schema.toNullable()
    if nullable == frame.schema:
        return frame
    # the engine sees through casts and conditions: a table created from them has NOT NULL again
    return frame.unionAll(session.createDataFrame([], nullable))


def _with_columns_of(
    session: Session, name: TableName, write: WriteMessage, frame: DataFrame
) -> DataFrame:
    """Add the columns of a table that a DataFrame leaves out; they are null.

    Raises
    ------
    UnityCatalogError
        If the table lacks a column of the DataFrame.
    """
    if _takes_columns_as_they_are(write) or not session.unity.exists(name):
        return frame
    fields = {field["name"].lower(): field for field in session.unity.table(name).fields}
    given = {column.lower() for column in frame.columns}
    if (added := given - fields.keys()) and not write.has_option("mergeSchema"):
        raise UnityCatalogError(
            f"A schema mismatch detected when writing to the Delta table {name}: it has no column "
            f"{', '.join(sorted(added))}. It has: {', '.join(f['name'] for f in fields.values())}. To "
            f'add columns to it, set .option("mergeSchema", "true"); to replace its columns, '
            f'.mode("overwrite") with .option("overwriteSchema", "true").',
            condition="DELTA_METADATA_MISMATCH",
            sql_state="42KDG",
        )
    names = {c: fields[c.lower()]["name"] for c in frame.columns if c.lower() in fields}
    if any(column != canonical for column, canonical in names.items()):
        frame = frame.withColumnsRenamed(names)
    for lower, field in fields.items():
        if lower not in given and not is_filled_by_engine(field):
            kind = sql_type(field["type"])
            frame = frame.withColumn(field["name"], functions.lit(None).cast(kind))
    return frame


def _takes_columns_as_they_are(write: WriteMessage) -> bool:
    """Return whether a write matches columns by position, replaces them, or writes nothing."""
    return (
        write.is_v2
        or write.is_insert_into
        or write.is_ignore
        or write.has_option("overwriteSchema")
    )


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
