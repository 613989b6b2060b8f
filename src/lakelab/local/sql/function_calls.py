"""Calls of Unity Catalog's functions in a query: ``SELECT main.flights.distance_km(a, b) FROM ...``.

The engine has no functions of a catalog. The session registers a Python function with the engine, under a
name that is unique to its definition, and the statement calls it by that name. A call of a SQL function is
replaced by the function's expression. Arguments are cast to the parameters' types, and the result to the
declared type.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-function-invocation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.functions import FEATURE_SPEC, PYTHON, SQL, Functions, UnityFunction
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.sql.dialect import parse, parse_expression, to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.function_arguments import (
    cast,
    cast_arguments,
    substitute_parameters,
)
from lakelab.local.sql.function_rights import executable_function

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.session import Session

_MAX_DEPTH = 20
"""How deep SQL functions may call each other; a deeper call is a circle."""


def rewrite_calls(session: Session, text: str) -> str:
    """Return a statement in which the engine can compute the functions of Unity Catalog.

    Parameters
    ----------
    session : Session
    text : str
        One statement.

    Returns
    -------
    str
        The same text if the statement calls no such function.

    Raises
    ------
    NotFoundError
        If a function with catalog and schema in its name does not exist.
    InsufficientPermissionsError
        If the user lacks EXECUTE on one.
    pyspark.errors.AnalysisException
        If the arguments are not those that the function takes.
    """
    tree = parse(text).tree
    if tree is None or not _may_call(session, tree):
        return text
    statement = tree.copy()
    return to_sql(statement) if _rewrite(session, statement) else text


def rewrite_expression_calls(session: Session, text: str, *, named: bool) -> str:
    """Return the text of one expression, rewritten as :func:`rewrite_calls` rewrites a statement.

    Parameters
    ----------
    session : Session
    text : str
    named : bool
        Whether the expression is a column of a result, which keeps its name.
    """
    tree = parse(f"SELECT {text}").tree
    if tree is None or len(tree.expressions) != 1 or not _may_call(session, tree):
        return text
    statement = tree.copy()
    return to_sql(statement.expressions[0]) if _rewrite(session, statement, named=named) else text


def resolve_call(session: Session, text: str) -> tuple[UnityFunction, str] | None:
    """Return the function of a call by name, and its name in the engine if it is in Python.

    Parameters
    ----------
    session : Session
    text : str
        The name that is called.

    Returns
    -------
    tuple of UnityFunction and str, or None
        None if the name is not one of Unity Catalog's functions.

    Raises
    ------
    InsufficientPermissionsError
        If the user lacks EXECUTE on it.
    pyspark.errors.AnalysisException
        If the name has three levels and no such function exists.
    """
    name = session.resolve(text)
    if not Functions(session.unity).exists(name):
        if text.replace("``", "").count(".") == 2:
            raise _unresolved(name, Functions(session.unity))
        return None
    function = executable_function(session, name)
    if function.language != PYTHON:
        return function, ""
    return function, session.engine_functions.register(function)


def _may_call(session: Session, statement: exp.Expr) -> bool:
    """Return whether a statement might call a function of a catalog, or a temporary one."""
    from sqlglot import exp

    calls = list(statement.find_all(exp.Anonymous))
    if not calls:
        return False
    known = {*Functions(session.unity).short_names(), *session.temporary_functions}
    return any(isinstance(call.parent, exp.Dot) or call.name.lower() in known for call in calls)


def _rewrite(session: Session, statement: exp.Expr, depth: int = 0, *, named: bool = True) -> bool:
    """Replace the calls in a statement; return whether the statement has any."""
    from sqlglot import exp

    calls = []
    for call in statement.find_all(exp.Anonymous):
        is_method = isinstance(call.parent, exp.Dot) and call.arg_key == "expression"
        whole = call.parent if is_method and call.parent is not None else call
        function = _resolve(session, whole, call)
        if function is not None:
            calls.append((whole, call, function))
    if not calls:
        return False
    for select in statement.find_all(exp.Select) if named else ():
        _keep_column_names(select, {id(whole) for whole, _, _ in calls})
    # the innermost call first: an argument may be a call, too
    for whole, call, function in reversed(calls):
        if whole is statement:
            raise AssertionError("a call is part of a statement")
        whole.replace(_engine_call(session, call, function, depth))
    return True


def _keep_column_names(select: exp.Select, calls: set[int]) -> None:
    """Alias the columns of a query with the names that the original calls give them."""
    from sqlglot import exp

    for column in select.expressions:
        if isinstance(column, exp.Alias | exp.Star):
            continue
        if any(id(node) in calls for node in column.walk()):
            text = to_sql(column).replace("`", "")
            alias = exp.Alias(alias=exp.to_identifier(text, quoted=True))
            column.replace(alias)
            alias.set("this", column)  # the same node: its calls are replaced later


def _resolve(session: Session, whole: exp.Expr, call: exp.Anonymous) -> UnityFunction | None:
    """Return the function of a call; None for a function of the engine, or a method of something else."""
    from sqlglot import exp

    name = call.this if isinstance(call.this, str) else str(call.this.name)
    levels = []
    if isinstance(whole, exp.Dot):
        levels = [part.name for part in _parts(whole.this)]
        if not 1 <= len(levels) <= 2:
            return None
        if is_session_schema(levels):
            return _temporary(session, name)
    elif name.lower() in session.temporary_functions:
        # a built-in function precedes a temporary one
        return None if session.engine_functions.has(name.lower()) else _temporary(session, name)
    elif name.lower() not in Functions(session.unity).short_names():
        return None
    elif session.engine_functions.has(name.lower()):
        return None  # a built-in or temporary function precedes those of the current schema
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


def is_session_schema(levels: list[str]) -> bool:
    """Return whether levels before a name are those of temporary objects.

    Examples
    --------
    >>> is_session_schema(["SESSION"]), is_session_schema(["system", "session"]), is_session_schema(["s"])
    (True, True, False)
    """
    return [level.lower() for level in levels] in (["session"], ["system", "session"])


def _temporary(session: Session, name: str) -> UnityFunction:
    function = session.temporary_functions.get(name.lower())
    if function is None:
        raise analysis_error(
            conditions.UNRESOLVED_ROUTINE,
            f"Cannot resolve routine `session`.`{name}` on search path [`system`.`session`].",
        )
    return function


def _parts(expression: exp.Expr) -> list[exp.Expr]:
    from sqlglot import exp

    if isinstance(expression, exp.Dot):
        return [*_parts(expression.this), expression.expression]
    return list(expression.parts) if isinstance(expression, exp.Column) else [expression]


def _unresolved(name: TableName, functions: Functions) -> AnalysisException:
    try:
        functions.get(name)
        reason = "It was created just now: run the statement again."
    except NotFoundError as error:
        reason = str(error)
    return analysis_error(
        conditions.UNRESOLVED_ROUTINE, f"Cannot resolve routine {name.quoted}. {reason}"
    )


def _engine_call(
    session: Session, call: exp.Anonymous, function: UnityFunction, depth: int
) -> exp.Expr:
    """Return the expression with which the engine computes a call."""
    from sqlglot import exp

    arguments = cast_arguments(function, list(call.expressions))
    if function.language != SQL:
        name = session.engine_functions.register(function)
        return exp.Anonymous(this=name, expressions=list(arguments.values()))
    if depth >= _MAX_DEPTH:
        raise AnalysisException(
            message=f"Function '{function.name}' calls itself, or calls others more than {_MAX_DEPTH} deep."
        )
    body = parse_expression(function.body)
    # the cast has two purposes: the declared type, and a parent for the nodes that are replaced
    result = cast(substitute_parameters(body, arguments, str(function.name)), function.return_type)
    _rewrite(session, result, depth + 1)
    return exp.paren(result, copy=False)
