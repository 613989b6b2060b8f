"""The primary key of a table in ``CREATE TABLE`` and ``ALTER TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-constraint
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError


def extract_primary_key(statement: exp.Create) -> PrimaryKey | None:
    """Remove the primary key from ``CREATE TABLE`` and return it, after a check of its columns.

    Parameters
    ----------
    statement : sqlglot.exp.Create
        The statement, which is changed.

    Raises
    ------
    UnityCatalogError
        If a column of the key does not exist or may be null, or the statement has two keys.
    """
    schema = statement.this
    if not isinstance(schema, exp.Schema):
        return None
    table = schema.this.name.lower()
    columns = {c.name: c for c in schema.expressions if isinstance(c, exp.ColumnDef)}
    keys = [*_extract_column_keys(columns, table), *_extract_table_keys(schema, table)]
    if len(keys) > 1:
        raise UnityCatalogError(
            f"Table '{table}' cannot have {len(keys)} primary keys: "
            f"{', '.join(f'`{key.name}`' for key in keys)}. Declare one."
        )
    if not schema.expressions:
        statement.set("this", schema.this)  # no empty parentheses
    key = keys[0] if keys else None
    if key is not None and columns:
        _check_columns(
            key, columns
        )  # CREATE TABLE t (CONSTRAINT ...) AS SELECT has no types to check
    return key


def parse_primary_key(item: exp.Expr, table: str) -> PrimaryKey:
    """Parse ``[CONSTRAINT name] PRIMARY KEY (a, b TIMESERIES)``.

    Parameters
    ----------
    item : sqlglot.exp.Expr
        The constraint.
    table : str
        The name of the table, which a key without a name gets its name from.

    Raises
    ------
    UnityCatalogError
        If it has two TIMESERIES columns.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> text = "CREATE TABLE t (a INT, b DATE, PRIMARY KEY (a, b TIMESERIES))"
    >>> item = parse(text).tree.this.expressions[-1]
    >>> parse_primary_key(item, "t")
    PrimaryKey(name='t_pk', columns=('a', 'b'), timeseries_column='b')
    """
    name = item.name if isinstance(item, exp.Constraint) else f"{table}_pk"
    node = item.find(exp.PrimaryKey)
    assert node is not None
    times = [c.this.name for c in node.expressions if isinstance(c, exp.TimeseriesKey)]
    if len(times) > 1:
        raise UnityCatalogError(
            f"A primary key has at most one TIMESERIES column, not {', '.join(times)}."
        )
    columns = tuple(
        c.this.name if isinstance(c, exp.TimeseriesKey) else c.name for c in node.expressions
    )
    return PrimaryKey(name, columns, times[0] if times else None)


def _extract_column_keys(columns: dict[str, exp.ColumnDef], table: str) -> list[PrimaryKey]:
    """Remove the keys that stand behind a column: ``a INT NOT NULL PRIMARY KEY``."""
    keys = []
    for column, definition in columns.items():
        for constraint in list(definition.constraints):
            if isinstance(constraint.kind, exp.PrimaryKeyColumnConstraint):
                constraint.pop()
                keys.append(PrimaryKey(constraint.name or f"{table}_pk", (column,)))
    return keys


def _extract_table_keys(schema: exp.Schema, table: str) -> list[PrimaryKey]:
    """Remove the keys that stand among the columns: ``a INT NOT NULL, PRIMARY KEY (a)``."""
    keys = []
    for item in list(schema.expressions):
        if item.find(exp.PrimaryKey):
            keys.append(parse_primary_key(item, table))
            item.pop()
    return keys


def _check_columns(key: PrimaryKey, columns: dict[str, exp.ColumnDef]) -> None:
    """Raise if a column of the key does not exist, or may be null."""
    for name in key.columns:
        if name not in columns:
            raise NotFoundError(
                f"The primary key `{key.name}` names the column '{name}', which the table does not "
                f"have. It has: {', '.join(columns)}.",
                condition=conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
            )
        if not _is_not_null(columns[name]):
            raise UnityCatalogError(
                f"Cannot create the primary key `{key.name}` because its child column(s) `{name}` "
                f"is nullable. Please change the column nullability and retry: declare `{name}` "
                f"as NOT NULL."
            )


def _is_not_null(definition: exp.ColumnDef) -> bool:
    return any(
        isinstance(c.kind, exp.NotNullColumnConstraint) and not c.kind.args.get("allow_null")
        for c in definition.constraints
    )
