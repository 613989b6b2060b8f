"""What a table gets and what it keeps when a DataFrame is written to it.

- A column that has no nulls in a DataFrame, such as a literal, may be null in a table that is made of it.
  Sail declares it NOT NULL, and then reads 0 where older rows of the table have nothing.
- Columns that the DataFrame leaves out are null, and one that the table does not have is refused, unless
  ``mergeSchema`` or ``overwriteSchema`` say otherwise.
- An overwrite without ``overwriteSchema`` keeps the table's NOT NULL columns, and refuses rows that break
  them. Sail replaces the schema.
- A new table has the comment that ``.option("comment", ...)`` says, which Sail passes over.

Follows https://docs.databricks.com/aws/en/delta/update-schema,
https://docs.databricks.com/aws/en/delta/selective-overwrite and
https://docs.databricks.com/aws/en/tables/constraints
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql.connect import functions, proto
from pyspark.sql.connect.dataframe import DataFrame as ConnectDataFrame
from pyspark.sql.connect.plan import CachedRelation

from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.types import sql_type
from lakelab.local.spark.check_constraints import broken_row, violation
from lakelab.local.sql.errors import as_spark_error, permission_error
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.statements.cluster_by import canonical_columns, require_few
from lakelab.local.sql.statements.insert import filled_by_the_engine

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark.session import LocalSparkSession

_APPEND = proto.WriteOperation.SaveMode.SAVE_MODE_APPEND
_OVERWRITE = proto.WriteOperation.SaveMode.SAVE_MODE_OVERWRITE
_IGNORE = proto.WriteOperation.SaveMode.SAVE_MODE_IGNORE
_MAY_BE_THERE = frozenset({_APPEND, _OVERWRITE, _IGNORE})
_CREATE = proto.WriteOperationV2.Mode.MODE_CREATE
_REPLACE = proto.WriteOperationV2.Mode.MODE_REPLACE
_CREATE_OR_REPLACE = proto.WriteOperationV2.Mode.MODE_CREATE_OR_REPLACE
_INSERT_INTO = proto.WriteOperation.SaveTable.TableSaveMethod.TABLE_SAVE_METHOD_INSERT_INTO


def watch_writes(session: LocalSparkSession) -> None:
    """Let writes of a session do and keep what they do and keep on Databricks."""
    client: Any = session.client
    execute = client.execute_command

    def execute_command(command: Any, *args: Any, **kwargs: Any) -> Any:
        def carry_out(changed: Any) -> Any:
            return execute(changed, *args, **kwargs)

        write = _write(command)
        try:
            name = write and session.resolve(_target(write))
        except UnityCatalogError:  # no name of a table: the engine says so
            name = None
        if name is None:
            return carry_out(command)
        try:
            return _carry_out(session, name, command, carry_out)
        except InsufficientPermissionsError as error:
            raise permission_error(error) from error
        except UnityCatalogError as error:
            raise as_spark_error(error) from error

    client.execute_command = execute_command


def _carry_out(
    session: LocalSparkSession, name: TableName, command: Any, execute: Callable[[Any], Any]
) -> Any:
    """Carry out a write to a table, and give the engine's answer.

    Raises
    ------
    UnityCatalogError
        If it is to make a table where it cannot, or the table cannot take it.
    pyspark.errors.PySparkException
        If the engine refuses it, or a row breaks what the table promises.
    """
    write = _write(command)
    _require_place(session, write, name)
    if clustering := list(write.clustering_columns):
        command = deepcopy(command)  # whoever was refused tries the same command again
        write = _write(command)
        del write.clustering_columns[:]  # the engine does not know them
        clustering = _known_clustering(session, name, write, clustering)
    given: Any = _frame(session, write)
    frame: Any = _nullable(session, _with_columns_of(session, name, write, given))
    if frame is not given:
        write.input.CopyFrom(frame._plan.plan(session.client))
    before = _promises(session, write, name)
    added = []
    if _must_keep_not_null(session, name, write):
        added = _add_columns(session, name, frame)
        command = deepcopy(command)
        _drop_option(_write(command), "mergeSchema")
    try:
        answer = execute(command)
    except PySparkException:
        if added:
            session.unity.table(name).drop_columns(added)
        if added or (before and before.not_null):
            refresh_schema(session, name)  # the engine has taken the schema of what it refused
        raise
    if before is not None:
        _keep(session, name, before)
    elif (comment := write.options.get("comment")) and session.unity.exists(name):
        session.unity.table(name).set_comment(comment)
    if clustering and (before is None or _replaces(write)):
        session.unity.table(name).set_clustering(clustering)
    if frame is not given and session.unity.exists(name):
        refresh_schema(session, name)  # the engine remembers that the columns have no nulls
    return answer


def _write(command: Any) -> Any:
    """Give the message of a command that writes to a table; None for any other command."""
    if command.HasField("write_operation_v2"):
        return command.write_operation_v2
    if command.HasField("write_operation") and command.write_operation.HasField("table"):
        return command.write_operation
    return None


def _target(write: Any) -> str:
    return str(write.table_name if _is_v2(write) else write.table.table_name)


def _is_v2(write: Any) -> bool:
    return isinstance(write, proto.WriteOperationV2)


def _require_place(session: LocalSparkSession, write: Any, name: TableName) -> None:
    """Refuse a schema that is not there, and a new table where there is one."""
    if _is_v2(write):
        new = write.mode == _CREATE
    else:
        new = write.table.save_method != _INSERT_INTO and write.mode not in _MAY_BE_THERE
    if not session.unity.exists(name):
        session.unity.require_schema(name.catalog, name.schema)
    elif new:
        session.unity.table(name)  # is not there for who may not know of it
        raise table_already_exists(name)


def _replaces(write: Any) -> bool:
    """Say whether a write gives the table other columns, and all else that a new table gets."""
    if _is_v2(write):
        return write.mode in (_REPLACE, _CREATE_OR_REPLACE)
    return write.mode == _OVERWRITE and _option(write, "overwriteSchema")


def _known_clustering(
    session: LocalSparkSession, name: TableName, write: Any, columns: list[str]
) -> list[str]:
    """Give the columns to cluster by as the table writes them.

    Raises
    ------
    UnityCatalogError
        If the rows do not have one, or the table is clustered by others.
    """
    require_few(columns)
    known = canonical_columns(columns, _frame(session, write).columns, name)
    there = session.unity.table(name).clustering if session.unity.exists(name) else known
    if known != there and not _replaces(write):
        raise UnityCatalogError(
            f"The provided clustering columns do not match the existing table's.\n"
            f"- provided: {', '.join(known)}\n- existing: {', '.join(there) or 'none'}",
            condition="DELTA_CLUSTERING_COLUMNS_MISMATCH",
            sql_state="42P10",
        )
    return known


def _frame(session: LocalSparkSession, write: Any) -> DataFrame:
    return ConnectDataFrame(CachedRelation(write.input), session)


def _nullable(session: LocalSparkSession, frame: DataFrame) -> DataFrame:
    """Let all columns be null, as they may be in a table that is made of a DataFrame."""
    nullable = frame.schema.toNullable()
    if nullable == frame.schema:
        return frame
    # the engine sees through casts and conditions: a table made of them says NOT NULL again
    return frame.unionAll(session.createDataFrame([], nullable))


def _with_columns_of(
    session: LocalSparkSession, name: TableName, write: Any, frame: DataFrame
) -> DataFrame:
    """Add the columns of a table that a DataFrame leaves out, which are null then.

    Raises
    ------
    UnityCatalogError
        If the table lacks a column of the DataFrame.
    """
    if (
        not session.unity.exists(name)
        or _is_v2(write)
        or write.table.save_method == _INSERT_INTO  # by position
        or write.mode == _IGNORE
        or _option(write, "overwriteSchema")
    ):
        return frame
    fields = {field["name"].lower(): field for field in session.unity.table(name).fields}
    given = {column.lower() for column in frame.columns}
    if (added := given - fields.keys()) and not _option(write, "mergeSchema"):
        raise UnityCatalogError(
            f"A schema mismatch detected when writing to the Delta table {name}: it has no column "
            f"{', '.join(sorted(added))}. It has: {', '.join(f['name'] for f in fields.values())}. To "
            f'add columns to it, set .option("mergeSchema", "true"); to replace its columns, '
            f'.mode("overwrite") with .option("overwriteSchema", "true").',
            condition="DELTA_METADATA_MISMATCH",
            sql_state="42KDG",
        )
    names = {c: fields[c.lower()]["name"] for c in frame.columns if c.lower() in fields}
    if any(column != there for column, there in names.items()):
        frame = frame.withColumnsRenamed(names)
    for lower, field in fields.items():
        if lower not in given and not filled_by_the_engine(field):
            kind = sql_type(field["type"])
            frame = frame.withColumn(field["name"], functions.lit(None).cast(kind))
    return frame


def _must_keep_not_null(session: LocalSparkSession, name: TableName, write: Any) -> bool:
    """Say whether an append may add columns to a table that has NOT NULL columns.

    The engine would add them, too, and let the others be null.
    """
    appended = not _is_v2(write) and write.mode == _APPEND and _option(write, "mergeSchema")
    if not appended or not session.unity.exists(name):
        return False
    return not all(field["nullable"] for field in session.unity.table(name).fields)


def _add_columns(session: LocalSparkSession, name: TableName, frame: DataFrame) -> list[str]:
    """Add the columns that a DataFrame has and a table lacks; name them."""
    table = session.unity.table(name)
    there = {field["name"].lower() for field in table.fields}
    new = [field for field in frame.schema.toNullable() if field.name.lower() not in there]
    if new:
        table.add_columns([json.loads(field.json()) for field in new], [None] * len(new))
        refresh_schema(session, name)
    return [field.name for field in new]


def _drop_option(write: Any, name: str) -> None:
    for key in [key for key in write.options if key.lower() == name.lower()]:
        del write.options[key]


def _option(write: Any, name: str) -> bool:
    return any(
        key.lower() == name.lower() and value.lower() == "true"
        for key, value in write.options.items()
    )


@dataclass(frozen=True)
class _Promises:
    """What an overwrite must keep of a table.

    Parameters
    ----------
    version : int
        The version before it.
    not_null : list of str
        Columns that have no nulls.
    checks : dict of str to str
        CHECK constraints: name and condition.
    """

    version: int
    not_null: list[str]
    checks: dict[str, str]


def _promises(session: LocalSparkSession, write: Any, name: TableName) -> _Promises | None:
    """Look at a table before it is written to; None where it is about to be made."""
    if not session.unity.exists(name):
        return None
    table = session.unity.table(name)
    # of an overwrite by writeTo the engine looks at the rows itself
    if _is_v2(write) or write.mode != _OVERWRITE or _replaces(write):
        return _Promises(table.version, [], {})
    not_null = [field["name"] for field in table.fields if not field["nullable"]]
    return _Promises(table.version, not_null, table.checks)


def _keep(session: LocalSparkSession, name: TableName, before: _Promises) -> None:
    """Refuse an overwrite that breaks what the table promises, and let it promise the same again."""
    for check, condition in before.checks.items():
        if row := broken_row(session, name, condition):
            _take_back(session, name, before)
            raise violation(check, condition, row)
    for column in before.not_null:
        table = session.unity.table(name)
        if not table.field(column)["nullable"]:
            continue
        try:
            table.set_not_null(column)
        except UnityCatalogError as error:
            _take_back(session, name, before)
            raise AnalysisException(
                message=f"[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for "
                f"column: {column}. The write would put nulls into it; nothing was written."
            ) from error
    if before.not_null:
        refresh_schema(session, name)


def _take_back(session: LocalSparkSession, name: TableName, before: _Promises) -> None:
    session.unity.table(name).delta.restore(before.version)
    refresh_schema(session, name)
