"""Functions that the engine computes otherwise than Spark, or not with these arguments: they are refused by name.

Spark 4.2 and Databricks have the functions of the type TIME, and refuse the type.

Follows https://spark.apache.org/docs/latest/api/sql/ and
https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.calls import Call, Rule, function, refuse_function

_OF_TIME = (
    *("make_time", "to_time", "try_to_time", "time_diff", "time_trunc"),
    *("time_from_seconds", "time_from_millis", "time_from_micros"),
    *("time_to_seconds", "time_to_millis", "time_to_micros"),
)
_MOST_ARGUMENTS = {"shuffle": 1, "uuid": 0, "st_asbinary": 1}
"""The name of a function -> how many arguments the engine takes; Spark takes one more."""


def of_time(call: Call) -> exp.Expr | None:
    """Raise that the type TIME is not supported, as Spark does."""
    raise analysis_error(
        conditions.UNSUPPORTED_TIME_TYPE,
        f"The data type TIME is not supported, which `{call.name}` needs. Use a TIMESTAMP.",
    )


def histogram(call: Call) -> exp.Expr | None:
    """Raise that the local engine has other bins than Spark."""
    return refuse_function(call.name, "Its bins would be others than those of Spark.")


def fewer_arguments(call: Call) -> exp.Expr | None:
    """Raise that the engine has no such call, if it has an argument more."""
    if len(call.arguments) <= _MOST_ARGUMENTS[call.name]:
        return None
    return refuse_function(call.name, "It takes one argument less here.")


def quoted_csv(call: Call) -> exp.Expr | None:
    """Raise that the engine takes a value in quotes for a text."""
    example = call.argument(0)
    if not isinstance(example, exp.Literal) or '"' not in example.name:
        return None
    return refuse_function(call.name, "It takes each value in quotes for a text.")


def valid_url(call: Call) -> exp.Expr | None:
    """Return NULL for a URL that Java does not read; the engine reads it."""
    url = call.argument(0)
    if url is None:
        return None
    allowed = function("rlike", url, '^[^ <>"{}|^`]*$')
    asked = function(call.name, *(argument.copy() for argument in call.arguments))
    return exp.Case(ifs=[exp.If(this=allowed, true=asked)])


RULES: dict[str, Rule] = {
    **dict.fromkeys(_OF_TIME, of_time),
    **dict.fromkeys(_MOST_ARGUMENTS, fewer_arguments),
    "histogram_numeric": histogram,
    "schema_of_csv": quoted_csv,
    "try_parse_url": valid_url,
}
