"""Calls of Unity Catalog's functions in a DataFrame: ``df.selectExpr("main.flights.km(a, b)")``.

Such calls do not come as SQL, but in the plan that Spark Connect sends: as the text of an expression
(``expr``, ``selectExpr``, ``filter``), or as a call by name (``call_function``). They are written anew in
the plan, as :mod:`lakelab.local.sql.function_calls` does it with statements.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.functions.call_function.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException

from lakelab.local.catalog.functions import PYTHON, Functions
from lakelab.local.sql.function_calls import call_by_name, expression_with_calls, wrong_arguments

if TYPE_CHECKING:
    from lakelab.local.spark.session import LocalSparkSession

_RESULTS = {"Project": "expressions", "Aggregate": "aggregate_expressions"}
"""Messages of a plan, and the field with the columns that they give."""


def rewrite(session: LocalSparkSession, plan: Any) -> None:
    """Write a plan so that the engine can compute the functions that it calls.

    Parameters
    ----------
    session : LocalSparkSession
    plan : google.protobuf.message.Message
        The request; it is changed where it calls one.

    Raises
    ------
    UnityCatalogError
        If a function may not be used.
    pyspark.errors.AnalysisException
        If the arguments are not those that the function takes, or it is not in Python and called by name.
    """
    if not Functions(session.unity).last_levels():
        return
    for message in _messages(plan):
        kind = message.DESCRIPTOR.name
        if kind in _RESULTS:  # here an expression's text is the name of a column
            for expression in getattr(message, _RESULTS[kind]):
                if expression.HasField("expression_string"):
                    _rewrite_text(session, expression.expression_string, named=True)
        elif kind == "ExpressionString":
            _rewrite_text(session, message, named=False)
        elif kind == "CallFunction" or (
            kind == "UnresolvedFunction" and "." in message.function_name
        ):
            _rewrite_call(session, message)


def _rewrite_text(session: LocalSparkSession, message: Any, *, named: bool) -> None:
    message.expression = expression_with_calls(session, message.expression, named=named)


def _rewrite_call(session: LocalSparkSession, message: Any) -> None:
    found = call_by_name(session, message.function_name)
    if found is None:
        return
    function, name = found
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


def _messages(message: Any) -> Iterator[Any]:
    """Give a protobuf message and all that are in it, the outer ones first."""
    yield message
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            parts = [part for part in value.values() if hasattr(part, "ListFields")]
        else:
            parts = [value] if hasattr(value, "ListFields") else list(value)
        for part in parts:
            yield from _messages(part)
