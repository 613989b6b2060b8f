"""The primary key of a table, as ``CREATE TABLE`` and ``ALTER TABLE`` say it.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-constraint
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError

if TYPE_CHECKING:
    from sqlglot import exp


def extract_primary_key(statement: exp.Create) -> PrimaryKey | None:
    """Cut the primary key out of ``CREATE TABLE``, after checking that its columns are NOT NULL.

    Raises
    ------
    UnityCatalogError
        If a column of it is not there, or may be null, or there are two keys.
    """
    from sqlglot import exp

    schema = statement.this
    if not isinstance(schema, exp.Schema):
        return None
    table = schema.this.name.lower()
    keys: list[PrimaryKey] = []
    columns = {c.name: c for c in schema.expressions if isinstance(c, exp.ColumnDef)}
    for column, definition in columns.items():
        for constraint in list(definition.constraints):
            if isinstance(constraint.kind, exp.PrimaryKeyColumnConstraint):
                constraint.pop()
                keys.append(PrimaryKey(constraint.name or f"{table}_pk", (column,)))
    for item in list(schema.expressions):
        if item.find(exp.PrimaryKey):
            keys.append(parse_primary_key(item, table))
            item.pop()
    if len(keys) > 1:
        raise UnityCatalogError(
            f"Table '{table}' cannot have {len(keys)} primary keys: "
            f"{', '.join(f'`{key.name}`' for key in keys)}. Declare one."
        )
    key = keys[0] if keys else None
    if not schema.expressions:
        statement.set("this", schema.this)  # no empty parentheses
    if key is None or not columns:
        return key  # CREATE TABLE t (CONSTRAINT ...) AS SELECT has no types to check
    for name in key.columns:
        if name not in columns:
            raise NotFoundError(
                f"The primary key `{key.name}` names the column '{name}', which the table does not "
                f"have. It has: {', '.join(columns)}.",
                condition="UNRESOLVED_COLUMN.WITH_SUGGESTION",
                sql_state="42703",
            )
        if not any(
            isinstance(c.kind, exp.NotNullColumnConstraint) and not c.kind.args.get("allow_null")
            for c in columns[name].constraints
        ):
            raise UnityCatalogError(
                f"Cannot create the primary key `{key.name}` because its child column(s) `{name}` "
                f"is nullable. Please change the column nullability and retry: declare `{name}` "
                f"as NOT NULL."
            )
    return key


def parse_primary_key(item: exp.Expr, table: str) -> PrimaryKey:
    """Read ``[CONSTRAINT name] PRIMARY KEY (a, b TIMESERIES)``.

    Raises
    ------
    UnityCatalogError
        If there are two TIMESERIES columns.
    """
    from sqlglot import exp

    name = item.name if isinstance(item, exp.Constraint) else f"{table}_pk"
    found = item.find(exp.PrimaryKey)
    assert found is not None
    times = [c.this.name for c in found.expressions if isinstance(c, exp.TimeseriesKey)]
    if len(times) > 1:
        raise UnityCatalogError(
            f"A primary key has at most one TIMESERIES column, not {', '.join(times)}."
        )
    columns = tuple(
        c.this.name if isinstance(c, exp.TimeseriesKey) else c.name for c in found.expressions
    )
    return PrimaryKey(name, columns, times[0] if times else None)
