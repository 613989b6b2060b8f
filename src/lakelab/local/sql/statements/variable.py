"""``DECLARE VARIABLE``, ``SET VARIABLE`` and ``DROP TEMPORARY VARIABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-declare-variable,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-set-variable and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-variable
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.errors import syntax_error
from lakelab.local.sql.grammar.parser import Name
from lakelab.local.sql.grammar.variables import (
    DEFAULT,
    DeclareVariable,
    DropVariable,
    SetVariable,
)
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.literals import typed_literal
from lakelab.local.sql.session_variables import Variable, variable_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

    from lakelab.local.sql.session import Session


def _declare(session: Session, node: DeclareVariable) -> None:
    names = [_declared_name(name) for name in node.args["names"]]
    default = node.args.get("value") or "NULL"
    if parse(f"SELECT {default}").tree.find(exp.Subquery):  # type: ignore[union-attr]  # it was parsed before
        raise UnityCatalogError(
            f"Failed to execute DECLARE VARIABLE command because the destination column or variable "
            f"`{names[0]}` has a DEFAULT value {default}, which contains subquery expressions.",
            condition=conditions.INVALID_DEFAULT_VALUE_SUBQUERY_EXPRESSION,
        )
    kind, value = evaluate(session, default, node.args.get("kind"))
    for name in names:
        if session.variables.get(name) and not node.args["replace"]:
            raise UnityCatalogError(
                f"Cannot create the variable `system`.`session`.`{name}` because it already exists. Choose a "
                f"different name, or drop or replace the existing variable.",
                condition=conditions.VARIABLE_ALREADY_EXISTS,
            )
    for name in names:
        session.variables.set(Variable(name.lower(), kind, value, default))


def _declared_name(name: Name) -> str:
    found = variable_name(name.levels)
    if found is None:
        raise UnityCatalogError(
            f"Cannot resolve variable {name.quoted} on search path [`system`.`session`].",
            condition=conditions.UNRESOLVED_VARIABLE,
        )
    return found


def evaluate(
    session: Session, expression: str, kind: exp.Expr | DataType | None
) -> tuple[DataType, exp.Expr]:
    """Return the type and the value of an expression.

    Parameters
    ----------
    session : Session
    expression : str
        The expression as text.
    kind : sqlglot.exp.Expr, DataType or None
        The type to cast it to; None keeps its own type.
    """
    text = f"({expression})"
    if kind is not None:
        shown = to_sql(kind) if isinstance(kind, exp.Expr) else kind.simpleString()
        text = f"CAST({text} AS {shown})"
    frame = session.sql(f"SELECT {text} AS value")
    found = frame.schema[0].dataType
    return found, typed_literal(frame.collect()[0][0], found)


def _set(session: Session, node: SetVariable) -> None:
    targets = find_targets(session, node.args["names"])
    if (query := node.args.get("query")) is not None:
        tree = parse(query).tree
        if not isinstance(tree, exp.Query):
            raise syntax_error(query, parse(query).error or "expected a query in parentheses")
        assign_row(session, targets, session.sql(query))
        return
    values = []
    for variable, expression in zip(targets, node.args["values"], strict=True):
        text = variable.default if expression == DEFAULT else expression
        values.append(evaluate(session, text, variable.kind)[1])
    _assign(session, targets, values)


def find_targets(session: Session, names: list[Name]) -> list[Variable]:
    """Return the variables that a statement assigns.

    Raises
    ------
    UnityCatalogError
        If there is no such variable, or one is named twice.
    """
    targets = [session.variables.find(name.levels) for name in names]
    twice = [t.name for place, t in enumerate(targets) if t in targets[:place]]
    if twice:
        raise UnityCatalogError(
            f"The columns or variables `{twice[0]}` appear more than once as assignment targets.",
            condition=conditions.DUPLICATE_ASSIGNMENTS,
        )
    return targets


def assign_row(session: Session, targets: list[Variable], frame: DataFrame) -> None:
    """Assign the only row of a query to variables; without a row they become NULL.

    Raises
    ------
    UnityCatalogError
        If the query has another number of columns, or several rows.
    """
    if len(frame.columns) != len(targets):
        raise UnityCatalogError(
            f"The number of columns or variables assigned or aliased: {len(targets)} does not match the number "
            f"of source expressions: {len(frame.columns)}.",
            condition=conditions.ASSIGNMENT_ARITY_MISMATCH,
        )
    rows = frame.limit(2).collect()
    if len(rows) > 1:
        raise UnityCatalogError(
            "More than one row returned by a subquery used as a row.",
            condition=conditions.ROW_SUBQUERY_TOO_MANY_ROWS,
        )
    row = rows[0] if rows else [None] * len(targets)
    kinds = [field.dataType for field in frame.schema.fields]
    literals = [typed_literal(value, kind) for value, kind in zip(row, kinds, strict=True)]
    values = [
        evaluate(session, to_sql(value), variable.kind)[1]
        for variable, value in zip(targets, literals, strict=True)
    ]
    _assign(session, targets, values)


def _assign(session: Session, targets: list[Variable], values: list[exp.Expr]) -> None:
    for variable, value in zip(targets, values, strict=True):
        session.variables.set(Variable(variable.name, variable.kind, value, variable.default))


def _drop(session: Session, node: DropVariable) -> None:
    name = _declared_name(node.this)
    if not session.variables.drop(name) and not node.args["exists"]:
        raise UnityCatalogError(
            f"The variable `system`.`session`.`{name}` cannot be found. Verify the spelling, or use DROP "
            f"TEMPORARY VARIABLE IF EXISTS.",
            condition=conditions.VARIABLE_NOT_FOUND,
        )


HANDLERS: Handlers = {DeclareVariable: _declare, DropVariable: _drop, SetVariable: _set}
