"""``INSERT`` that replaces rows: ``OVERWRITE``, ``REPLACE WHERE``, and a ``PARTITION`` clause; or that numbers them.

Such a statement becomes a write of its query's DataFrame (:mod:`lakelab.local.spark.delta_writes`), which is one commit
and checks the rows, and stores the last number of an identity column. Sail's own ``REPLACE WHERE`` takes rows that break the condition, and loses rows of the table
for which the condition is null.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.connect import functions as F
from pyspark.sql.connect import proto
from pyspark.sql.connect.dataframe import DataFrame as ConnectDataFrame
from pyspark.sql.connect.plan import CachedRelation, LocalRelation
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.delta.identities import has_identities
from lakelab.local.spark.commands import Answer, Command, Proceed
from lakelab.local.spark.external_tables import external_folder
from lakelab.local.spark.staged_writes import INSERTED_ROWS
from lakelab.local.spark.written_columns import arity_error
from lakelab.local.sql.dialect import parse, parse_expression, to_sql
from lakelab.local.sql.grammar.row_changes import SCHEMA_EVOLUTION
from lakelab.local.sql.session import Session
from lakelab.local.sql.statements.insert import is_filled_by_engine

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SAVE_AS_TABLE = proto.WriteOperation.SaveTable.TableSaveMethod.TABLE_SAVE_METHOD_SAVE_AS_TABLE
_SaveMode = proto.WriteOperation.SaveMode
_RESULT = "sql_command_result"


def replace_rows_by_insert(command: Command, proceed: Proceed) -> Answer:
    """Run an ``INSERT`` that replaces rows as a write of a DataFrame.

    Raises
    ------
    UnityCatalogError
        If the statement has a clause for Databricks only, or names a column that it cannot.
    """
    insert = _insert_statement(command.message)
    if insert is None:
        return proceed(command)
    if insert.args.get("using"):
        raise UnityCatalogError(
            "INSERT INTO ... REPLACE USING runs on Databricks only. Replace the rows with REPLACE WHERE, "
            "or with MERGE.",
            condition=conditions.UNSUPPORTED_FEATURE,
        )
    session = command.session
    table = _target(session, insert)
    if table is None:
        return proceed(command)  # a view, a path or no table: the engine refuses the statement
    if not _replaces(insert) and not has_identities(table.fields):
        return proceed(command)
    message = _write(session, command.message, insert, table)
    data, properties, info = proceed(replace(command, message=message))
    count = properties.pop(INSERTED_ROWS, None)
    if count is None:  # the engine committed an append
        history = UnityTable(table.name, table.path).delta.history(1)
        count = int(history[0].get("operationMetrics", {}).get("numOutputRows", 0))
    rows = pa.table({"count": pa.array([count], pa.int64())})
    return data, {**properties, _RESULT: LocalRelation(rows).plan(session.client)}, info


def _insert_statement(message: Any) -> exp.Insert | None:
    """Return the tree of an ``INSERT`` into a table, which may replace rows; else None."""
    if not message.HasField("sql_command"):
        return None
    statement = parse(_query_of(message)).tree
    if not isinstance(statement, exp.Insert) or not isinstance(_table_of(statement), exp.Table):
        return None
    return statement


def _replaces(insert: exp.Insert) -> bool:
    """Return whether a statement replaces rows or names partitions."""
    clauses = ("where", "overwrite", "using")
    return any(insert.args.get(clause) for clause in clauses) or bool(_partition(insert))


def _target(session: Session, insert: exp.Insert) -> UnityTable | None:
    """Return the table that a statement changes: of Unity Catalog, or an external one."""
    try:
        name = session.resolve(".".join(quoted(part.name) for part in _table_of(insert).parts))
        if session.unity.exists(name):
            return session.unity.table(name)
    except UnityCatalogError:
        return None
    folder = external_folder(session, name)
    return UnityTable(name, folder) if folder else None


def _query_of(message: Any) -> str:
    return str(message.sql_command.sql or message.sql_command.input.sql.query)


def _table_of(insert: exp.Insert) -> exp.Table:
    target = insert.this
    return target.this if isinstance(target, exp.Schema) else target  # type: ignore[no-any-return]


def _partition(insert: exp.Insert) -> list[exp.Expression]:
    partition = _table_of(insert).args.get("partition")
    return list(partition.expressions) if partition else []


def _write(session: Session, message: Any, insert: exp.Insert, table: UnityTable) -> Any:
    """Return the write of a DataFrame that does what a statement says."""
    static = _static_values(insert, table)
    names = _target_columns(insert, table, static)
    values = _without_generated(insert.expression.copy(), table, names)
    query = _query_frame(session, message, insert, _with_defaults(values, table, names))
    frame = query if insert.args.get("by_name") else _named(table, query, names)
    for column, value in static.items():
        kind = sql_type(table.field(column)["type"])
        frame = frame.withColumn(column, F.expr(to_sql(value)).cast(kind))
    command = proto.Command()
    write = command.write_operation
    plan: Any = frame._plan  # noqa: SLF001 - pyspark has no public way from a DataFrame to its plan
    write.input.CopyFrom(plan.plan(session.client))
    write.table.table_name = table.name.quoted
    write.table.save_method = _SAVE_AS_TABLE
    if insert.args.get(SCHEMA_EVOLUTION):
        write.options.update(mergeSchema="true")
    where = insert.args.get("where")
    replaces = bool(where or insert.args.get("overwrite"))
    write.mode = _SaveMode.SAVE_MODE_OVERWRITE if replaces else _SaveMode.SAVE_MODE_APPEND
    if where:
        condition = where.this if isinstance(where, exp.Where) else where
        write.options.update(replaceWhere=to_sql(condition), partitionOverwriteMode="static")
    elif replaces and static and len(static) == len(_partition(insert)):
        condition = " AND ".join(_equals(column, value) for column, value in static.items())
        write.options.update(replaceWhere=condition, partitionOverwriteMode="static")
    return command


def _static_values(insert: exp.Insert, table: UnityTable) -> dict[str, exp.Expression]:
    """Return the partition columns with a value in the ``PARTITION`` clause."""
    columns = {name.lower() for name in table.delta.metadata().partition_columns}
    static: dict[str, exp.Expression] = {}
    for part in _partition(insert):
        column = part.this.name if isinstance(part, exp.EQ) else part.name
        if column.lower() not in columns:
            raise UnityCatalogError(
                f"PARTITION clause cannot contain the non-partition column: `{column}`.",
                condition=conditions.NON_PARTITION_COLUMN,
            )
        if isinstance(part, exp.EQ):
            static[table.field(column)["name"]] = part.expression
    return static


def _equals(column: str, value: exp.Expression) -> str:
    return f"{quoted(column)} <=> {to_sql(value)}"


def _query_frame(session: Any, message: Any, insert: exp.Insert, query: exp.Expr) -> DataFrame:
    if with_ := insert.args.get("with_"):
        query.set("with_", with_.copy())
    relation = deepcopy(message.sql_command.input)
    relation.sql.query = to_sql(query)
    return ConnectDataFrame(CachedRelation(relation), session)


def _target_columns(
    insert: exp.Insert, table: UnityTable, static: dict[str, exp.Expression]
) -> list[str]:
    """List the columns of the table that the columns of the query go to, by position."""
    if isinstance(insert.this, exp.Schema):
        return [table.field(column.name)["name"] for column in insert.this.expressions]
    return [field["name"] for field in table.fields if field["name"] not in static]


def _without_generated(query: exp.Expr, table: UnityTable, names: list[str]) -> exp.Expr:
    """Take the columns out of VALUES whose value is DEFAULT in each row, and that the table computes."""
    rows = query.expressions if isinstance(query, exp.Values) else []
    for column in names[:] if rows else ():
        place = names.index(column)
        items = [row.expressions[place] for row in rows if len(row.expressions) == len(names)]
        if len(items) == len(rows) and all(map(_is_default, items)) and _is_computed(table, column):
            names.remove(column)
            for item in items:
                item.pop()
    return query


def _is_default(item: exp.Expr) -> bool:
    return isinstance(item, exp.Var) and item.name.upper() == "DEFAULT"


def _is_computed(table: UnityTable, column: str) -> bool:
    field = table.field(column)
    return "CURRENT_DEFAULT" not in field["metadata"] and is_filled_by_engine(field)


def _with_defaults(query: exp.Expr, table: UnityTable, names: list[str]) -> exp.Expr:
    """Return the query with the value of each DEFAULT in VALUES, which the engine knows in INSERT INTO only.

    Raises
    ------
    UnityCatalogError
        If the table computes the value itself.
    """
    for row in query.expressions if isinstance(query, exp.Values) else ():
        for item, column in zip(row.expressions, names, strict=False):
            if _is_default(item):
                item.replace(_default_value(table.field(column)))
    return query


def _default_value(field: Mapping[str, Any]) -> exp.Expr:
    default = field["metadata"].get("CURRENT_DEFAULT")
    if default is None and is_filled_by_engine(field):
        raise UnityCatalogError(
            f"DEFAULT is not supported for the column {quoted(field['name'])} beside values of other rows: "
            f"the table computes its values. Leave it out of the list of columns.",
            condition=conditions.UNSUPPORTED_FEATURE,
        )
    return exp.null() if default is None else parse_expression(default)


def _named(table: UnityTable, frame: DataFrame, names: list[str]) -> DataFrame:
    """Rename the columns of the query as those of the table that they go to."""
    given = frame.columns
    if len(given) != len(names):
        raise arity_error(str(table.name), names, given)
    return frame.toDF(*names)
