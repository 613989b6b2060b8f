"""``INSERT``: columns by position, by a list or by name, and those that the statement omits.

The engine fills a column that has a default, and requires the names of all other columns. It does not know
``BY NAME``, nor rows with two columns of one name.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.rewrites.row_changes import complete_row_changes
from lakelab.local.sql.securables import resolve_table
from lakelab.local.sql.statements.insert_rows import fit_rows, known_columns, result_columns

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_FILLED_BY_ENGINE = ("CURRENT_DEFAULT", "delta.generationExpression", "delta.identity.start")


def is_filled_by_engine(field: Mapping[str, Any]) -> bool:
    """Return whether the engine fills a column without a value: by a default, an identity or an expression.

    Parameters
    ----------
    field : mapping
        The column as the Delta log has it.

    Examples
    --------
    >>> is_filled_by_engine({"name": "x", "metadata": {"CURRENT_DEFAULT": "1"}})
    True
    """
    return any(key in field["metadata"] for key in _FILLED_BY_ENGINE)


def complete_insert(session: Session, text: str) -> str:
    """Return an ``INSERT`` as the engine takes it: with all columns, and with rows that have a name for each.

    Parameters
    ----------
    session : Session
    text : str
        The statement.

    Returns
    -------
    str
        The statement for the engine; the same text if it is no INSERT, or the engine takes it as it is.

    Raises
    ------
    UnityCatalogError
        If the statement names a column that the table does not have, or names a column twice, or its rows
        have more or fewer values than columns.
    """
    tree = parse(text).tree
    if not isinstance(tree, exp.Insert) or not isinstance(tree.expression, exp.Query | exp.Values):
        return text
    insert = tree.copy()
    target = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
    if insert.args.get("where") or insert.args.get("using") or not _is_table(target):
        return text
    try:
        table = session.unity.table(resolve_table(session, target))
    except UnityCatalogError:
        return text  # a view or nothing: the engine runs or refuses the statement
    has_changed = complete_row_changes(session, insert)  # WITH ... INSERT
    has_changed |= _separate_names(insert.expression)
    if insert.args.get("by_name"):
        columns = _columns_by_name(session, insert.expression, table)
        insert.set("by_name", False)
        fields = [table.field(column) for column in columns]
        has_changed |= fit_rows(session, insert, fields, renames=False, by_name=True)
    else:
        columns = [c.name for c in insert.this.expressions] if target is not insert.this else []
        has_changed |= _fit_by_position(session, insert, table, columns)
    if columns:
        _check_columns(table, columns)
        has_changed |= _add_omitted(insert, target, table, columns) or bool(tree.args["by_name"])
    return to_sql(insert) if has_changed else text


def _is_table(target: exp.Expr) -> bool:
    """Return whether a target is a table by its name, without a partition."""
    return (
        isinstance(target, exp.Table)
        and not target.args.get("partition")
        and not any("/" in part.name for part in target.parts)
    )


def _add_omitted(
    insert: exp.Insert, target: exp.Table, table: UnityTable, columns: list[str]
) -> bool:
    """Add the columns that an INSERT omits, with null as their value; return whether there are any."""
    named = {column.lower() for column in columns}
    omitted = [
        field["name"]
        for field in table.fields
        if field["name"].lower() not in named and not is_filled_by_engine(field)
    ]
    for field in table.fields:
        if field["name"] in omitted and not field["nullable"]:
            raise UnityCatalogError(
                f"Column {quoted(field['name'])} is not specified in INSERT: it is NOT NULL, and has no default.",
                condition=conditions.DELTA_INSERT_COLUMN_MISMATCH,
            )
    written = [table.field(column)["name"] for column in columns]
    names = [exp.to_identifier(column, quoted=True) for column in (*written, *omitted)]
    insert.set("this", exp.Schema(this=target.copy(), expressions=names))
    rows = insert.expression
    if isinstance(rows, exp.Values):
        for row in rows.expressions:
            row.set("expressions", [*row.expressions, *(exp.null() for _ in omitted)])
    elif omitted:
        # names of their own: the query may have a column of the same name as an omitted one
        nulls = [
            exp.alias_(exp.null(), f"_omitted_{i}", quoted=True) for i, _ in enumerate(omitted)
        ]
        insert.set("expression", exp.select("*", *nulls).from_(rows.subquery("_rows")))
    return bool(omitted)


def _separate_names(query: exp.Expr) -> bool:
    """Rename columns of a query so that no two have one name, as the engine requires; return whether any changed."""
    if isinstance(query, exp.SetOperation):
        left, right = _separate_names(query.left), _separate_names(query.right)
        return left or right
    if isinstance(query, exp.Subquery):
        return _separate_names(query.this)
    if not isinstance(query, exp.Select):
        return False
    names = [column.alias_or_name.lower() for column in query.expressions]
    repeated = [n for n, name in enumerate(names) if not name or name in names[:n]]
    if len(names) < 2 or "*" in names or not repeated:
        return False
    for n in repeated:
        column = query.expressions[n]
        query.expressions[n] = exp.alias_(column.unalias().copy(), f"_column_{n + 1}", quoted=True)
    query.set("expressions", query.expressions)
    return True


def _columns_by_name(session: Session, query: exp.Query, table: UnityTable) -> list[str]:
    """Return the columns of a query, which all are columns of the table."""
    columns = result_columns(session, query)
    existing = {field["name"].lower() for field in table.fields}
    if extra := [column for column in columns if column.lower() not in existing]:
        raise UnityCatalogError(
            f"A schema mismatch detected when writing to the Delta table {table.name.quoted}: it has no "
            f"column {', '.join(quoted(column) for column in extra)}.",
            condition=conditions.DELTA_METADATA_MISMATCH,
        )
    return columns


def _fit_by_position(
    session: Session, insert: exp.Insert, table: UnityTable, columns: list[str]
) -> bool:
    """Check that rows have a value for each column, and fit them to the columns; return whether they changed."""
    rows = insert.expression
    counts, renames = _value_counts(rows), False
    if not counts and isinstance(rows, exp.Query):
        found = known_columns(session, rows)
        if found is None:
            return False
        counts, renames = [len(found)], len({name.lower() for name in found}) < len(found)
    _check_arity(table, counts, columns)
    fields = [table.field(column) for column in columns] or table.fields
    return fit_rows(session, insert, fields, renames=renames)


def _check_arity(table: UnityTable, counts: list[int], columns: list[str]) -> None:
    names = columns or [field["name"] for field in table.fields]
    for count in counts:
        if count == len(names):
            continue
        if count < len(names) and not columns:
            raise UnityCatalogError(
                f"Cannot write to '{table.name}', not enough data columns; target table has {len(names)} "
                f"column(s) but the inserted data has {count} column(s).",
                condition=conditions.DELTA_INSERT_COLUMN_ARITY_MISMATCH,
            )
        if not columns:
            raise UnityCatalogError(
                f"A schema mismatch detected when writing to the Delta table {table.name.quoted}: it has "
                f"{len(names)} column(s), and the inserted data has {count}.",
                condition=conditions.DELTA_METADATA_MISMATCH,
            )
        kind = "too many" if count > len(names) else "not enough"
        raise UnityCatalogError(
            f"Cannot write to {table.name.quoted}, the reason is {kind} data columns:\n"
            f"Table columns: {', '.join(quoted(name) for name in names)}.\n"
            f"Data columns: {', '.join(quoted(f'col{n + 1}') for n in range(count))}.",
            condition=conditions.INSERT_COLUMN_ARITY_MISMATCH_TOO_MANY_DATA_COLUMNS
            if count > len(names)
            else conditions.INSERT_COLUMN_ARITY_MISMATCH_NOT_ENOUGH_DATA_COLUMNS,
        )


def _value_counts(rows: exp.Expr) -> list[int]:
    """Return how many values the rows of a statement have; none if only the engine knows that."""
    if isinstance(rows, exp.Values):
        return [
            len(row.expressions) if isinstance(row, exp.Tuple) else 1 for row in rows.expressions
        ]
    selects = rows.selects if isinstance(rows, exp.Query) else []
    return [] if not selects or any(column.is_star for column in selects) else [len(selects)]


def _check_columns(table: UnityTable, columns: list[str]) -> None:
    named: set[str] = set()
    for column in columns:
        table.field(column)  # raises if the column does not exist
        if column.lower() in named:
            raise UnityCatalogError(
                f"The column `{column}` already exists: INSERT INTO {table.name} names it twice.",
                condition=conditions.COLUMN_ALREADY_EXISTS,
            )
        named.add(column.lower())
