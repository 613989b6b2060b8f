"""Nulls in arrays: ``collect_list``, ``collect_set`` and ``array_contains``.

Spark's ``collect_list`` leaves nulls out, and has an empty array for no value. The engine keeps nulls over a window,
and has NULL for no value. Where an array with a null does not have a value, Spark's ``array_contains`` is NULL.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/collect_list and
https://docs.databricks.com/aws/en/sql/language-manual/functions/array_contains
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function, known_values


def without_nulls(call: Call) -> exp.Expr | None:
    """Return the collected array without its nulls."""
    collected = known_values(call.frame.copy())
    if call.name == "collect_list" and not isinstance(call.frame, exp.Window):
        return None
    return function("coalesce", collected, function("array"))


def contains(call: Call) -> exp.Expr | None:
    """Return the call, and NULL if the value is null, or is not found beside a null."""
    array, value = call.argument(0), call.argument(1)
    if array is None or value is None:
        return None
    element = exp.to_identifier("element")
    is_null = exp.Lambda(this=function("isnull", element.copy()), expressions=[element])
    has_null = function("exists", array, is_null)
    found = call.node.copy()
    unknown = exp.And(this=has_null, expression=exp.Not(this=call.node.copy()))
    ifs = [exp.If(this=unknown, true=exp.null())]
    if not isinstance(value, exp.Literal):
        ifs.insert(0, exp.If(this=function("isnull", value), true=exp.null()))
    return exp.Case(ifs=ifs, default=found)


RULES: dict[str, Rule] = {
    "array_contains": contains,
    "collect_list": without_nulls,
    "collect_set": without_nulls,
    "array_agg": without_nulls,
}
