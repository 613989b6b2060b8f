"""``percentile_approx``: the engine interpolates; Spark returns a value of the column, in the column's type.

The result is exact, which is within the accuracy that a caller can ask for.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/percentile_approx
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.calls import Call, Rule, function, known_values


def percentile_approx(call: Call) -> exp.Expr | None:
    """Return the smallest value with enough values at or below it.

    Raises
    ------
    pyspark.errors.AnalysisException
        If there is no percentage.
    """
    values, percentage = call.argument(0), call.argument(1)
    if isinstance(values, exp.Distinct) and len(values.expressions) > 1:
        percentage = values.expressions[1]
    if values is None or percentage is None:
        raise analysis_error(
            conditions.WRONG_NUM_ARGS_WITHOUT_SUGGESTION,
            "The `percentile_approx` requires 2 or 3 parameters: the values, and a percentage from 0 to 1.",
        )
    if isinstance(percentage, exp.Anonymous) and percentage.name.lower() == "array":
        found = [_value_at(call, values, one) for one in percentage.expressions]
        some = exp.GT(this=_count(call, values), expression=exp.convert(0))
        return exp.Case(ifs=[exp.If(this=some, true=function("array", *found))])
    return _value_at(call, values, percentage)


def _value_at(call: Call, values: exp.Expr, percentage: exp.Expr) -> exp.Expr:
    collect = "collect_set" if isinstance(values, exp.Distinct) else "collect_list"
    inner = values.expressions[0] if isinstance(values, exp.Distinct) else values
    found = known_values(call.aggregate(function(collect, inner.copy())))
    ordered = function("array_sort", found)
    share = exp.cast(percentage.copy(), "DOUBLE", dialect="databricks")
    rank = function("ceil", exp.Mul(this=share, expression=_count(call, values)))
    index = exp.cast(function("greatest", rank, exp.cast(exp.convert(1), "BIGINT")), "INT")
    return function("get", ordered, exp.Sub(this=index, expression=exp.convert(1)))


def _count(call: Call, values: exp.Expr) -> exp.Expr:
    if isinstance(values, exp.Distinct):
        values = exp.Distinct(expressions=[values.expressions[0].copy()])
    return call.aggregate(function("count", values.copy()))


RULES: dict[str, Rule] = {
    "percentile_approx": percentile_approx,
    "approx_percentile": percentile_approx,
}
