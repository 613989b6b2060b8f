"""Calls of Unity Catalog's functions in a DataFrame: ``df.selectExpr("main.flights.km(a, b)")``.

Such calls are not SQL statements. Spark Connect sends them in a plan: as the text of an expression
(``expr``, ``selectExpr``, ``filter``), or as a call by name (``call_function``). They are rewritten in the
plan, as :mod:`lakelab.local.sql.function_calls` rewrites statements.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.functions.call_function.html
"""

from __future__ import annotations

from typing import Any

from pyspark.errors import AnalysisException

from lakelab.local.catalog.functions import PYTHON, Functions
from lakelab.local.spark.plans import messages
from lakelab.local.sql.function_arguments import wrong_arguments
from lakelab.local.sql.function_calls import resolve_call, rewrite_expression_calls
from lakelab.local.sql.session import Session

_RESULTS = {"Project": "expressions", "Aggregate": "aggregate_expressions"}
"""Messages of a plan, and the field with their result columns."""


def rewrite_function_calls(session: Session, plan: Any) -> None:
    """Rewrite a plan so that the engine can compute the Unity Catalog functions that it calls.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request; it is changed where it calls a function.

    Raises
    ------
    UnityCatalogError
        If the user may not use a function.
    pyspark.errors.AnalysisException
        If the arguments do not match the function's parameters, or a function that is not in Python is
        called by name.
    """
    if not Functions(session.unity).short_names():
        return
    for message in messages(plan):
        kind = message.DESCRIPTOR.name
        if kind in _RESULTS:  # the text of such an expression is the column's name
            for expression in getattr(message, _RESULTS[kind]):
                if expression.HasField("expression_string"):
                    _rewrite_text(session, expression.expression_string, named=True)
        elif kind == "ExpressionString":
            _rewrite_text(session, message, named=False)
        elif kind == "CallFunction" or (
            kind == "UnresolvedFunction" and "." in message.function_name
        ):
            _rewrite_call(session, message)


def _rewrite_text(session: Session, message: Any, *, named: bool) -> None:
    message.expression = rewrite_expression_calls(session, message.expression, named=named)


def _rewrite_call(session: Session, message: Any) -> None:
    called = resolve_call(session, message.function_name)
    if called is None:
        return
    function, name = called
    if function.language != PYTHON:
        raise AnalysisException(
            message=f"On a laptop call_function takes functions in Python; '{function.name}' is in "
            f"{function.language}. Call it in text: expr('{function.name}(...)')."
        )
    given = len(message.arguments)
    missing = function.parameters[given:]
    if given > len(function.parameters) or any(p.default is None for p in missing):
        raise wrong_arguments(function, f"({given} of them)")
    for parameter in missing:
        message.arguments.add().expression_string.expression = str(parameter.default)
    for parameter, argument in zip(function.parameters, message.arguments, strict=True):
        cast = type(argument)()
        cast.cast.expr.CopyFrom(argument)
        cast.cast.type_str = parameter.data_type.simpleString()
        argument.CopyFrom(cast)
    message.function_name = name
