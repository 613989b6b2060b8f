"""Calls of Unity Catalog's functions in a query: ``SELECT main.flights.distance_km(a, b) FROM ...``.

The engine knows no functions of a catalog. So a Python function is registered with it under a name that
stands for its very definition, and the call is written anew with that name; of a SQL function the call
becomes its expression. Arguments are cast to the parameters' types, and the result to the declared one.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-function-invocation
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from pyspark.errors import AnalysisException

from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.functions import (
    FEATURE_SPEC,
    PYTHON,
    SQL,
    Functions,
    Parameter,
    UnityFunction,
)
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.sql.errors import analysis_error

if TYPE_CHECKING:
    from pyspark.sql.types import DataType
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect

    from lakelab.local.sql.session import Session

_CALL = re.compile(r"(?P<dot>\.\s*)?(?:`(?P<quoted>(?:[^`]|``)+)`|(?P<plain>\w+))\s*\(")
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+((EXTENDED|CODEGEN|COST|FORMATTED)\s+)?", re.IGNORECASE)
_DEEPEST = 20
"""How far SQL functions may call each other; more is a circle."""


def rewrite_calls(session: Session, text: str) -> str:
    """Write a statement so that the engine can compute the functions that it calls.

    Parameters
    ----------
    session : Session
    text : str
        One statement.

    Returns
    -------
    str
        As it was, where it calls none.

    Raises
    ------
    NotFoundError
        If a function with catalog and schema in its name does not exist.
    InsufficientPermissionsError
        If the user lacks EXECUTE on one.
    pyspark.errors.AnalysisException
        If the arguments are not those that the function takes.
    """
    if not _may_call(session, text):
        return text
    if told := _EXPLAIN.match(text):  # sqlglot reads what is explained as mere words
        return told[0] + rewrite_calls(session, text[told.end() :])
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        statement = sqlglot.parse_one(text, dialect=_plain_dialect())
    except SqlglotError:
        return text  # the engine's own error says where
    return statement.sql(_plain_dialect()) if _rewrite(session, statement) else text


def rewrite_expression_calls(session: Session, text: str, *, named: bool) -> str:
    """Write the text of one expression as :func:`rewrite_calls` does it with a statement.

    Parameters
    ----------
    session : Session
    text : str
    named : bool
        Whether the expression is a column of a result, whose name is to stay.
    """
    if not _may_call(session, text):
        return text
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        statement = sqlglot.parse_one(f"SELECT {text}", dialect=_plain_dialect())
    except SqlglotError:
        return text
    if len(statement.expressions) != 1 or not _rewrite(session, statement, named=named):
        return text
    return str(statement.expressions[0].sql(_plain_dialect()))


def resolve_call(session: Session, text: str) -> tuple[UnityFunction, str] | None:
    """Find the function of a call by name, and the name that the engine knows it by, if it is in Python.

    None where the name is none of Unity Catalog's.
    """
    name = session.resolve(text)
    if not Functions(session.unity).exists(name):
        if text.replace("``", "").count(".") == 2:
            raise _unresolved(name, Functions(session.unity))
        return None
    from lakelab.local.sql.function_rights import executable_function

    function = executable_function(session, name)
    return function, session.engine_functions.register(
        function
    ) if function.language == PYTHON else ""


def _may_call(session: Session, text: str) -> bool:
    """Tell cheaply whether a statement might call a function of a catalog."""
    found = list(_CALL.finditer(text))
    if not found:
        return False
    ours = Functions(session.unity).short_names()
    return any(
        call["dot"] or (call["quoted"] or call["plain"]).replace("``", "`").lower() in ours
        for call in found
    )


@cache
def _plain_dialect() -> type[Dialect]:
    """Databricks' SQL with all functions alike: what is not ours stays as it was written."""
    from sqlglot.dialects.databricks import Databricks
    from sqlglot.parsers.databricks import DatabricksParser

    class LocalDatabricks(Databricks):
        NORMALIZE_FUNCTIONS: bool | str = False

        class Parser(DatabricksParser):
            FUNCTIONS: ClassVar[dict[str, Any]] = {}

    return LocalDatabricks


def _rewrite(session: Session, statement: exp.Expr, depth: int = 0, *, named: bool = True) -> bool:
    """Replace the calls in a statement, and say whether there were any."""
    from sqlglot import exp

    calls = []
    for call in statement.find_all(exp.Anonymous):
        whole = (
            call.parent
            if isinstance(call.parent, exp.Dot) and call.arg_key == "expression"
            else call
        )
        function = _function(session, whole, call)
        if function is not None:
            calls.append((whole, call, function))
    if not calls:
        return False
    for select in statement.find_all(exp.Select) if named else ():
        _keep_names(select, {id(whole) for whole, _, _ in calls})
    # what is deepest first: an argument may be a call, too
    for whole, call, function in reversed(calls):
        new = _called(session, call, function, depth)
        if whole is statement:
            raise AssertionError("a call is part of a statement")
        whole.replace(new)
    return True


def _keep_names(select: exp.Select, calls: set[int]) -> None:
    """Name the columns of a query as they would be, had the calls stayed."""
    from sqlglot import exp

    for column in select.expressions:
        if isinstance(column, exp.Alias | exp.Star):
            continue
        if any(id(node) in calls for node in column.walk()):
            text = column.sql(_plain_dialect()).replace("`", "")
            name = exp.to_identifier(text, quoted=True)
            named = exp.Alias(alias=name)
            column.replace(named)
            named.set("this", column)  # the very column: its calls are still to be replaced


def _function(session: Session, whole: exp.Expr, call: exp.Anonymous) -> UnityFunction | None:
    """Find the function that a call means; None for one of the engine, or a method of nothing."""
    from sqlglot import exp

    from lakelab.local.sql.function_rights import executable_function

    name = _name(call.this)
    levels = []
    if isinstance(whole, exp.Dot):
        levels = [part.name for part in _parts(whole.this)]
        if not 1 <= len(levels) <= 2:
            return None
    elif name.lower() not in Functions(session.unity).short_names():
        return None
    elif session.engine_functions.has(name.lower()):
        return None  # a built-in or temporary function comes before those of the current schema
    full = session.resolve(".".join(f"`{level}`" for level in (*levels, name)))
    functions = Functions(session.unity)
    if not functions.exists(full):
        if levels and full.catalog != HIVE_METASTORE:
            raise _unresolved(full, functions)
        return None
    function = executable_function(session, full)
    if function.language == FEATURE_SPEC:
        raise AnalysisException(
            message=f"'{full}' is a feature spec, which SQL cannot call. Use it in "
            f"FeatureEngineeringClient().create_training_set(feature_spec='{full}', ...)."
        )
    return function


def _unresolved(name: TableName, functions: Functions) -> AnalysisException:
    try:
        functions.get(name)
        told = "It was made just now: ask again."
    except NotFoundError as error:
        told = str(error)
    return analysis_error(
        "UNRESOLVED_ROUTINE", f"Cannot resolve routine {name.quoted}. {told}", "42883"
    )


def _name(told: Any) -> str:
    return told if isinstance(told, str) else str(told.name)


def _parts(expression: exp.Expr) -> list[exp.Expr]:
    from sqlglot import exp

    if isinstance(expression, exp.Dot):
        return [*_parts(expression.this), expression.expression]
    return list(expression.parts) if isinstance(expression, exp.Column) else [expression]


# ---- one call ----------------------------------------------------------------------------------------
def _called(session: Session, call: exp.Anonymous, function: UnityFunction, depth: int) -> exp.Expr:
    """Write one call as the engine computes it."""
    from sqlglot import exp

    arguments = {
        parameter.name.lower(): exp.cast(
            value, _sql_type(parameter.data_type), dialect="databricks"
        )
        for parameter, value in _bound(function, list(call.expressions))
    }
    if function.language != SQL:
        return exp.Anonymous(
            this=session.engine_functions.register(function), expressions=list(arguments.values())
        )
    if depth >= _DEEPEST:
        raise AnalysisException(
            message=f"Function '{function.name}' calls itself, or calls others more than {_DEEPEST} deep."
        )
    import sqlglot

    body = sqlglot.parse_one(function.body, dialect=_plain_dialect())
    # the result's type, and a parent for what is replaced in it
    result = exp.cast(
        substitute_parameters(body, arguments, str(function.name)),
        _sql_type(function.return_type),
        dialect="databricks",
    )
    _rewrite(session, result, depth + 1)
    return exp.paren(result, copy=False)


def _bound(function: UnityFunction, given: list[exp.Expr]) -> list[tuple[Parameter, exp.Expr]]:
    """Give each parameter its argument: by position, by name, or its default."""
    import sqlglot
    from sqlglot import exp

    named = {g.this.name.lower(): g.expression for g in given if isinstance(g, exp.Kwarg)}
    placed = [g for g in given if not isinstance(g, exp.Kwarg)]
    known = [parameter.name.lower() for parameter in function.parameters]
    if len(placed) > len(known) or set(named) - set(known[len(placed) :]):
        raise _wrong_arguments(function, given)
    bound = []
    for place, parameter in enumerate(function.parameters):
        if place < len(placed):
            value = placed[place]
        elif parameter.name.lower() in named:
            value = named[parameter.name.lower()]
        elif parameter.default is not None:
            value = sqlglot.parse_one(parameter.default, dialect=_plain_dialect())
        else:
            raise _wrong_arguments(function, given)
        bound.append((parameter, value))
    return bound


def _wrong_arguments(function: UnityFunction, given: list[exp.Expr]) -> AnalysisException:
    told = ", ".join(value.sql("databricks") for value in given)
    return wrong_arguments(function, f"({told})")


def wrong_arguments(function: UnityFunction, given: str) -> AnalysisException:
    """Refuse arguments that are not those of a function; ``given`` tells them."""
    return analysis_error(
        "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
        f"The arguments {given} are not those of {function.signature}. Give each parameter without a "
        f"default one, by position or as name => value.",
        "42605",
    )


def substitute_parameters(
    expression: exp.Expr, values: Mapping[str, exp.Expr], name: str
) -> exp.Expr:
    """Put values in the place of a SQL function's parameters.

    Parameters
    ----------
    expression : Expr
        The function's expression.
    values : mapping of str to Expr
        Parameter, in lower case -> what stands for it.
    name : str
        The function's name, which may stand before a parameter.

    Raises
    ------
    UnityCatalogError
        If the expression names something else.
    """
    from sqlglot import exp

    def put(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        levels = [part.name.lower() for part in node.parts]
        if len(levels) > 1 and levels[-2] == name.rpartition(".")[2]:
            levels = levels[-1:]
        if levels[0] not in values:
            raise UnityCatalogError(
                f"Function '{name}' names '{node.sql('databricks')}', which is none of its "
                f"parameters: {', '.join(values) or 'it has none'}."
            )
        value = values[levels[0]].copy()
        for level in levels[1:]:
            value = exp.Dot(this=value, expression=exp.to_identifier(level))
        return value

    return expression.copy().transform(put)


def typed_null(data_type: DataType) -> exp.Expr:
    """Write a null of a type."""
    from sqlglot import exp

    return exp.cast(exp.null(), _sql_type(data_type), dialect="databricks")


def _sql_type(data_type: DataType) -> str:
    return data_type.simpleString()
