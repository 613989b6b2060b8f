"""Session variables: what ``DECLARE VARIABLE`` makes, and their values in the places of their names.

A column of the query precedes a variable of its name. The engine is asked for the columns only where a name may be
that of a variable.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-variables and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-name-resolution
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.dialect import Statement, parse, to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.grammar.row_changes import Explain
from lakelab.local.sql.rewrites.relations import (
    common_tables,
    known_columns,
    result_name,
    source_names,
)
from lakelab.local.sql.session_variables import SESSION_LEVELS, Variable

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_SYSTEM, _SESSION = SESSION_LEVELS
_SCOPES = (exp.Select, exp.Update, exp.Delete, exp.Merge, exp.Insert)
_STATEMENTS = (exp.Query, exp.Values, exp.Create, Explain, *_SCOPES)
"""A condition of CHECK, OPTIMIZE and the like names columns only."""


_OWN = "is_name_of_variable"
"""Mark of an alias that keeps the name of a variable."""

_WITHOUT_COLUMNS = ("limit", "offset", "from_", "with_")
_BEFORE_ALIASES = ("where", "joins", "laterals")
"""Clauses of a query that are computed before its result columns."""


def replace_variables(session: Session, statement: Statement) -> Statement:
    """Return a statement with the values of session variables in their places.

    Parameters
    ----------
    session : Session
    statement : Statement

    Returns
    -------
    Statement
        The same statement if it names no variable.

    Raises
    ------
    UnityCatalogError
        If a temporary view would keep the value that a variable has now.
    """
    if not session.variables or not isinstance(statement.tree, _STATEMENTS):
        return statement
    if not any(_reference(session, column) for column in statement.tree.find_all(exp.Column)):
        return statement
    tree = statement.tree.copy()
    if not _replace_all(session, tree):
        return statement
    if isinstance(tree, exp.Create) and tree.kind == "VIEW":
        raise UnityCatalogError(
            "The local engine does not keep a session variable in a temporary view: the view would keep the "
            "value that the variable has now. Write the value, or query without the view.",
            condition=conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
        )
    return parse(to_sql(tree))


def refuse_variables(session: Session, query: exp.Expr) -> None:
    """Check that the query of a view names no session variable: a view does not see them.

    Parameters
    ----------
    session : Session
    query : sqlglot.exp.Expr

    Raises
    ------
    pyspark.errors.AnalysisException
        If a name of the query is that of a variable only.
    """
    if not session.variables:
        return
    known: dict[int, set[str] | None] = {}
    for column in query.find_all(exp.Column):
        if _reference(session, column) and not _is_column(session, column, known):
            raise analysis_error(
                conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
                f"A column with name `{column.name}` cannot be resolved in a view. A view does not see the session "
                "variable of this name.",
            )


def _replace_all(session: Session, tree: exp.Expr) -> bool:
    """Replace all variables in a tree, the innermost queries first: the outer ones read them."""
    columns = [c for c in tree.find_all(exp.Column) if _reference(session, c)]
    columns.sort(key=lambda column: -column.depth)
    known: dict[int, set[str] | None] = {}
    replaced = False
    for column in columns:
        reference = _reference(session, column)
        if reference is None or _is_column(session, column, known):
            continue
        _replace(session, column, *reference)
        replaced = True
    return replaced


def _reference(
    session: Session, column: exp.Column
) -> tuple[Variable, list[exp.Identifier]] | None:
    """Return the variable that a column may name, and the fields of it that follow."""
    if isinstance(column.this, exp.Star):
        return None
    parts = [part for part in column.parts if isinstance(part, exp.Identifier)]
    names = [part.name.lower() for part in parts]
    start = 2 if names[:2] == [_SYSTEM, _SESSION] else 1 if names[0] == _SESSION else 0
    for first in {start, 0} if len(names) > 1 else {0}:
        if first < len(names) and (variable := session.variables.get(names[first])):
            return variable, parts[first + 1 :]
    return None


def _is_column(session: Session, column: exp.Column, known: dict[int, set[str] | None]) -> bool:
    """Return whether a name is that of a column where it stands, or of an alias that precedes a variable."""
    first = column.parts[0].name.lower()
    if column.find_ancestor(exp.Pivot, exp.ColumnDef, exp.Properties):
        return True
    for scope, clause in _scopes(column):
        if id(scope) not in known:
            known[id(scope)] = _columns(session, scope)
        columns = known[id(scope)]
        if columns is None or first in columns or first in _names(scope):
            return True
        may_be_alias = isinstance(scope, exp.Select) and clause not in _BEFORE_ALIASES
        if len(column.parts) == 1 and may_be_alias and _is_alias(column, scope):
            return True
    return False


def _scopes(column: exp.Column) -> list[tuple[exp.Expr, str]]:
    """Return the queries and statements whose columns a name may be, the innermost first, and the clause."""
    scopes: list[tuple[exp.Expr, str]] = []
    node: exp.Expr = column
    while node.parent is not None:
        parent = node.parent
        clause = str(node.arg_key)
        is_inserted = isinstance(parent, exp.Insert) and clause == "expression"
        if _is_scope(parent) and clause not in _WITHOUT_COLUMNS and not is_inserted:
            scopes.append((parent, clause))
        if isinstance(parent, exp.CTE) or _is_derived_table(node):
            break
        node = parent
    return scopes


def _is_scope(node: exp.Expr) -> bool:
    """Return whether names in a node may be columns; the UPDATE of a MERGE has no table of its own."""
    is_change = isinstance(node, _SCOPES) and isinstance(node.this, exp.Table | exp.Schema)
    return isinstance(node, exp.Select) or is_change


def _is_derived_table(node: exp.Expr) -> bool:
    return isinstance(node, exp.Subquery) and isinstance(node.parent, exp.From | exp.Join)


def _columns(session: Session, scope: exp.Expr) -> set[str] | None:
    """Return the columns of a query's relations; None if the engine cannot tell."""
    if isinstance(scope, exp.Select):
        return (
            known_columns(session, _without_conditions(scope)) if scope.args.get("from_") else set()
        )
    target = scope.this.this if isinstance(scope.this, exp.Schema) else scope.this
    select = exp.Select(expressions=[exp.Star()]).from_(target.copy())
    if isinstance(scope, exp.Merge):
        select = select.join(scope.args["using"].copy(), join_type="CROSS")
    return known_columns(session, select)


def _without_conditions(select: exp.Select) -> exp.Select:
    """Return a query of all columns from the relations of a query: conditions may name variables."""
    query = exp.Select(expressions=[exp.Star()], from_=select.args["from_"].copy())
    for key in ("joins", "laterals"):
        query.set(key, [part.copy() for part in select.args.get(key) or []])
    for join in query.args["joins"]:
        if join.args.get("on"):
            join.set("on", exp.true())
    if tables := common_tables(select):
        query.set("with_", exp.With(expressions=[table.copy() for table in tables]))
    return query


def _names(scope: exp.Expr) -> set[str]:
    """Return the names of a query's relations."""
    if isinstance(scope, exp.Select):
        return {name.name.lower() for name in source_names(scope) if name is not None}
    relations = [scope.this, scope.args.get("using")]
    return {r.alias_or_name.lower() for r in relations if isinstance(r, exp.Expr)}


def _is_alias(column: exp.Column, select: exp.Expr) -> bool:
    """Return whether a name is that of a result column which may be named where it stands."""
    before = list(select.expressions)
    for place, expression in enumerate(select.expressions):
        if expression is column or any(node is column for node in expression.walk()):
            before = before[:place]
    return any(
        isinstance(e, exp.Alias) and e.alias.lower() == column.name.lower() and _OWN not in e.meta
        for e in before
    )


def _replace(
    session: Session, column: exp.Column, variable: Variable, fields: list[exp.Identifier]
) -> None:
    """Replace a name by a variable's value; a result column keeps the name that Spark gives it."""
    select = column.find_ancestor(exp.Select, exp.Subquery)
    result: exp.Expr = column
    while result.parent is not None and result.parent is not select:
        result = result.parent
    if isinstance(select, exp.Select) and result.arg_key == "expressions":
        if result is column:
            result = exp.Alias(
                this=column.copy(), alias=exp.to_identifier(column.name, quoted=True)
            )
            result.meta[_OWN] = True
            column.replace(result)
            column = result.this
        elif not isinstance(result, exp.Alias):
            _keep_name(session, select, result, column, variable)
    value: exp.Expr = _value(variable, column)
    for field in fields:
        value = exp.Dot(this=value, expression=field.copy())
    column.replace(value)


def _value(variable: Variable, column: exp.Column) -> exp.Expr:
    """Return the value of a variable: a number in ORDER BY would be the place of a column."""
    value = variable.value.copy()
    is_limit = isinstance(column.parent, exp.Limit | exp.Offset)
    if is_limit and isinstance(value, exp.Cast) and isinstance(value.this, exp.Expr):
        return value.this.copy()
    return value


def _keep_name(
    session: Session, select: exp.Select, result: exp.Expr, column: exp.Column, variable: Variable
) -> None:
    """Set the name of a result column as Spark does: it shows the variable with its value."""
    shown = f"variablereference({_SYSTEM}.{_SESSION}.{variable.name}={_shown(variable.value)})"
    named = result.copy()
    for copy in list(named.find_all(exp.Column)):
        if copy == column:
            copy.replace(exp.Column(this=exp.to_identifier(shown, quoted=True)))
    known = exp.Select(
        expressions=[exp.alias_(variable.value.copy(), shown, quoted=True)]
    ).subquery("variables")
    query = select.copy() if select.args.get("from_") else exp.Select()
    query = query.join(known, join_type="CROSS") if select.args.get("from_") else query.from_(known)
    name = result_name(session, query, named)
    alias = exp.Alias(alias=exp.to_identifier(name, quoted=True))
    result.replace(alias)
    alias.set("this", result)


def _shown(value: exp.Expr) -> str:
    """Return a value as Spark shows a literal."""
    if isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal | exp.Neg):
        if not (isinstance(value.this, exp.Literal) and value.this.is_string):
            return to_sql(value.this)
        return f"{to_sql(value.to)} {to_sql(value.this)}"
    return to_sql(value)
