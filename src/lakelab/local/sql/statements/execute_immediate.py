"""``EXECUTE IMMEDIATE``: run a statement that is the value of an expression.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-execute-immediate
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql.types import IntegerType, NullType, StringType
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.grammar.variables import ExecuteImmediate
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.statements.variable import assign_row, evaluate, find_targets

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _execute(session: Session, node: ExecuteImmediate) -> DataFrame | None:
    text = _text(session, node.args["text"])
    arguments = _arguments(session, node.args["arguments"])
    targets = find_targets(session, node.args["into"])
    if not targets:
        return session.sql(text, arguments)
    if not isinstance(parse(text).tree, exp.Query | exp.Values):
        raise UnityCatalogError(
            f"The INTO clause of EXECUTE IMMEDIATE is only valid for queries but the given statement is not a "
            f"query: {text}.",
            condition=conditions.INVALID_STATEMENT_FOR_EXECUTE_INTO,
        )
    assign_row(session, targets, session.sql(text, arguments))
    return None


def _text(session: Session, expression: str) -> str:
    """Return the statement that is the value of an expression."""
    kind, value = evaluate(session, expression, None)
    if not isinstance(kind, StringType | NullType):
        raise UnityCatalogError(
            f'Expression type must be string type but got "{kind.simpleString().upper()}".',
            condition=conditions.INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE,
        )
    if not isinstance(value, exp.Literal):
        raise UnityCatalogError(
            f"Execute immediate requires a non-null variable as the query string, but the provided variable "
            f"{expression} is null.",
            condition=conditions.NULL_QUERY_STRING_EXECUTE_IMMEDIATE,
        )
    return str(value.this)


def _arguments(session: Session, given: list[tuple[str, str | None]]) -> Any:
    """Return the parameters of a statement: by their names, or by their places."""
    names = [name for _, name in given if name is not None]
    if names and len(names) < len(given):
        raise UnityCatalogError(
            "All arguments of the USING clause of EXECUTE IMMEDIATE must have names if one has a name.",
            condition=conditions.ALL_PARAMETERS_MUST_BE_NAMED,
        )
    if twice := {name for name in names if names.count(name) > 1}:
        raise UnityCatalogError(
            f"The USING clause of this EXECUTE IMMEDIATE command contained multiple arguments with the same "
            f"alias ({', '.join(sorted(twice))}), which is invalid.",
            condition=conditions.EXEC_IMMEDIATE_DUPLICATE_ARGUMENT_ALIASES,
        )
    values = [_argument(session, text) for text, _ in given]
    return dict(zip(names, values, strict=True)) if names else values or None


def _argument(session: Session, text: str) -> exp.Expr:
    """Return a value as a literal, whose name as a result column is the number alone."""
    kind, value = evaluate(session, text, None)
    is_number = isinstance(kind, IntegerType) and isinstance(value, exp.Cast)
    return value.this if is_number and not isinstance(value.this, exp.Null) else value


HANDLERS: Handlers = {ExecuteImmediate: _execute}
