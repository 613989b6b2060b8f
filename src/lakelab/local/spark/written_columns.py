"""The columns of a DataFrame on their way to a table.

- ``df.write`` and ``df.writeTo`` match columns by name, without case; ``insertInto`` goes by position.
- Columns that the DataFrame leaves out are null. A column that the table does not have is refused, unless
  ``mergeSchema`` or ``overwriteSchema`` allows it.
- A column that has no nulls in a DataFrame, such as a literal, may be null in a table that is created from
  it. Sail declares the column NOT NULL, and then reads 0 where older rows of the table have no value.

Follows https://docs.databricks.com/aws/en/delta/update-schema

Tested in ``tests/local/spark/test_dataframe_writes.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.connect import functions
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.columns import check_column_names
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.types import sql_type
from lakelab.local.spark.write_message import WriteMessage
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites.assigned_values import assigned
from lakelab.local.sql.session import Session
from lakelab.local.sql.statements.insert import is_filled_by_engine

Fields = Sequence[dict[str, Any]]


def adapt_frame(session: Session, write: WriteMessage, fields: Fields | None, table: str) -> bool:
    """Cast the written DataFrame to the columns of its table, all nullable.

    Parameters
    ----------
    session : Session
    write : WriteMessage
        Changed in place.
    fields : sequence of dict, optional
        The columns of the table as the Delta log has them; None for a new table.
    table : str
        The table, for messages.

    Returns
    -------
    bool
        Whether the DataFrame changed.

    Raises
    ------
    UnityCatalogError
        If the table cannot have or take the columns.
    """
    if write.is_ignore and fields is not None:
        return False
    given = write.frame(session)
    frame = given
    if fields is None or write.replaces_table:
        check_column_names(frame.schema)
    elif write.is_insert_into:
        frame = _by_position(write, frame, fields, table)
    else:
        frame = _by_name(write, frame, fields, table)
    if fields is not None and not write.replaces_table:
        frame = _assigned(frame, fields, appends=not write.is_overwrite)
    frame = _nullable(session, frame)
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


def _by_position(write: WriteMessage, frame: DataFrame, fields: Fields, table: str) -> DataFrame:
    names = [field["name"] for field in fields]
    given = frame.columns
    if len(given) < len(names) or (len(given) > len(names) and not write.has_option("mergeSchema")):
        raise arity_error(table, names, given)
    return frame.toDF(*names, *given[len(names) :])


def _by_name(write: WriteMessage, frame: DataFrame, fields: Fields, table: str) -> DataFrame:
    """Rename columns as the table spells them, and add those that are left out; they are null."""
    check_column_names(frame.columns if not write.has_option("mergeSchema") else frame.schema)
    by_name = {field["name"].lower(): field for field in fields}
    given = {column.lower() for column in frame.columns}
    if (added := given - by_name.keys()) and not write.has_option("mergeSchema"):
        raise UnityCatalogError(
            f"A schema mismatch detected when writing to the Delta table {table}: it has no column "
            f"{', '.join(sorted(added))}. It has: {', '.join(f['name'] for f in fields)}. To "
            f'add columns to it, set .option("mergeSchema", "true"); to replace its columns, '
            f'.mode("overwrite") with .option("overwriteSchema", "true").',
            condition=conditions.DELTA_METADATA_MISMATCH,
        )
    names = {c: by_name[c.lower()]["name"] for c in frame.columns if c.lower() in by_name}
    if any(column != canonical for column, canonical in names.items()):
        frame = frame.withColumnsRenamed(names)
    for lower, field in by_name.items():
        if lower not in given and not is_filled_by_engine(field):
            kind = sql_type(field["type"])
            frame = frame.withColumn(field["name"], functions.lit(None).cast(kind))
    return frame


def _assigned(frame: DataFrame, fields: Fields, *, appends: bool) -> DataFrame:
    """Cast values as Spark stores them, and refuse texts that are too long."""
    by_name = {field["name"]: field for field in fields}
    stored = {}
    for column in frame.schema:
        field = by_name.get(column.name)
        if field is None or is_filled_by_engine(field):
            continue
        value = exp.Column(this=exp.to_identifier(column.name, quoted=True))
        if field["type"] == "string" or appends:
            new = assigned(value, column.dataType, field)
            if new is not value:
                stored[column.name] = functions.expr(to_sql(new))
    return frame.withColumns(stored) if stored else frame


def cast_to_table(frame: DataFrame, fields: Fields) -> DataFrame:
    """Cast the columns of a DataFrame to the types of a table; a value that has no such cast is refused.

    The engine would write null in its place.

    Parameters
    ----------
    frame : DataFrame
        The rows, with the names of the table's columns.
    fields : sequence of dict
        The columns of the table as the Delta log has them.
    """
    types = {field["name"]: field["type"] for field in fields if isinstance(field["type"], str)}
    casts = {
        column.name: functions.col(quoted(column.name)).cast(sql_type(types[column.name]))
        for column in frame.schema
        if column.name in types and column.dataType.jsonValue() != types[column.name]
    }
    return frame.withColumns(casts) if casts else frame


def arity_error(table: str, names: Sequence[str], given: Sequence[str]) -> UnityCatalogError:
    """Return the error of rows that have more or fewer columns than their table.

    Parameters
    ----------
    table : str
    names, given : sequence of str
        The columns of the table, and those of the rows.

    Examples
    --------
    >>> arity_error("main.s.t", ["a", "b"], ["a"]).condition
    'DELTA_INSERT_COLUMN_ARITY_MISMATCH'
    """
    if len(given) < len(names):
        return UnityCatalogError(
            f"Cannot write to '{table}', not enough data columns; target table has {len(names)} column(s) "
            f"but the inserted data has {len(given)} column(s).",
            condition=conditions.DELTA_INSERT_COLUMN_ARITY_MISMATCH,
        )
    return UnityCatalogError(
        f"A schema mismatch detected when writing to the Delta table {table}.\n"
        f"Table columns: {', '.join(f'`{name}`' for name in names)}.\n"
        f"Data columns: {', '.join(f'`{name}`' for name in given)}.",
        condition=conditions.DELTA_METADATA_MISMATCH,
    )
