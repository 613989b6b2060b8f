"""Checks of the columns of a new table that the engine does not make.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-using and
https://docs.databricks.com/aws/en/delta/generated-columns
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.errors import analysis_error

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

    from lakelab.local.sql.session import Session

_NOT_DETERMINISTIC = ("rand", "randn", "random", "uuid", "shuffle", "monotonically_increasing_id")


def check_partitioning(statement: exp.Create, columns: list[str]) -> None:
    """Check that a column is left that is no partition column.

    Parameters
    ----------
    statement : sqlglot.exp.Create
    columns : list of str
        The columns of the table.

    Raises
    ------
    UnityCatalogError
        If all columns are partition columns.
    """
    clause = statement.find(exp.PartitionedByProperty)
    listed = clause.this.expressions if clause is not None else []
    names = {item.name.lower() for item in listed if isinstance(item, exp.Identifier | exp.Column)}
    if names and len(names) == len(listed) and names >= {column.lower() for column in columns}:
        raise UnityCatalogError(
            "Cannot use all columns for partition columns. Leave one out of PARTITIONED BY.",
            condition=conditions.ALL_PARTITION_COLUMNS_NOT_ALLOWED,
        )


def check_generated_columns(session: Session, statement: exp.Create) -> None:
    """Check the type of identity columns, and the expressions of generated columns.

    Raises
    ------
    UnityCatalogError
        If an identity column is no BIGINT, or an expression is not deterministic or of another type.
    pyspark.errors.AnalysisException
        If an expression names an unknown column.
    """
    if not isinstance(statement.this, exp.Schema):
        return
    columns = [item for item in statement.this.expressions if isinstance(item, exp.ColumnDef)]
    for column, identity in _constraints(columns, exp.GeneratedAsIdentityColumnConstraint):
        if identity.args.get("expression") is None and not _is_bigint(column):
            raise UnityCatalogError(
                f"DataType {column.args['kind'].sql('databricks')} is not supported for IDENTITY columns: use BIGINT.",
                condition=conditions.DELTA_IDENTITY_COLUMNS_UNSUPPORTED_DATA_TYPE,
            )
    for column, computed in _constraints(columns, exp.ComputedColumnConstraint):
        _check_expression(session, columns, column, computed.this)


def _constraints(
    columns: list[exp.ColumnDef], kind: type[exp.Expr]
) -> Iterator[tuple[exp.ColumnDef, exp.Expr]]:
    for column in columns:
        for constraint in column.args.get("constraints") or []:
            if isinstance(constraint.kind, kind) and column.kind is not None:
                yield column, constraint.kind


def _is_bigint(column: exp.ColumnDef) -> bool:
    return column.kind is not None and column.kind.this == exp.DType.BIGINT


def _check_expression(
    session: Session, columns: list[exp.ColumnDef], column: exp.ColumnDef, expression: exp.Expr
) -> None:
    for node in expression.walk():
        if isinstance(node, exp.Func) and _function_name(node) in _NOT_DETERMINISTIC:
            raise analysis_error(
                conditions.UNSUPPORTED_EXPRESSION_GENERATED_COLUMN,
                f"Cannot create generated column `{column.name}` with generation expression "
                f"{to_sql(expression)}: it is not deterministic.",
            )
    _check_names(columns, column, expression)
    is_found, is_declared = _types(session, columns, column, expression)
    if is_found != is_declared:
        raise analysis_error(
            conditions.DELTA_GENERATED_COLUMNS_EXPR_TYPE_MISMATCH,
            f"The expression type of the generated column {column.name} is "
            f"{is_found.simpleString().upper()}, but the column type is "
            f"{is_declared.simpleString().upper()}.",
        )


def _check_names(columns: list[exp.ColumnDef], column: exp.ColumnDef, expression: exp.Expr) -> None:
    others = [one.name for one in columns if one is not column]
    known = {name.lower() for name in others}
    for named in expression.find_all(exp.Column):
        is_field_or_variable = named.table or named.find_ancestor(exp.Lambda)
        if not is_field_or_variable and named.name.lower() not in known:
            raise analysis_error(
                conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
                f"A column, variable, or function parameter with name `{named.name}` cannot be resolved. "
                f"Did you mean one of the following? [{', '.join(f'`{name}`' for name in others)}].",
            )


def _function_name(node: exp.Func) -> str:
    return str(node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _types(
    session: Session, columns: list[exp.ColumnDef], column: exp.ColumnDef, expression: exp.Expr
) -> tuple[DataType, DataType]:
    """Return the type that an expression has over the other columns, and that of its column."""
    others = [
        exp.alias_(exp.Cast(this=exp.null(), to=one.kind.copy()), one.name, quoted=True)
        for one in columns
        if one.kind is not None and one is not column
    ]
    rows = exp.Select(expressions=others).subquery("new_rows")
    declared = exp.Cast(this=exp.null(), to=column.args["kind"].copy())
    query = exp.Select(expressions=[expression.copy(), declared]).from_(rows)
    found, expected = session.engine_sql(to_sql(query)).schema.fields
    return found.dataType, expected.dataType
