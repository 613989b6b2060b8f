"""``max_by(x, y, n)`` and ``min_by(x, y, n)``: the engine ignores ``n``.

Follows https://spark.apache.org/docs/latest/api/sql/#max_by
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function, known_values


def first_n_by(call: Call) -> exp.Expr | None:
    """Return the values of the n rows with the largest or smallest y, as an array."""
    value, order, count = call.argument(0), call.argument(1), call.argument(2)
    if value is None or order is None or count is None:
        return None
    pair = function("named_struct", "y", order, "x", value)
    known = exp.Case(ifs=[exp.If(this=function("isnotnull", order.copy()), true=pair)])
    rows = known_values(call.aggregate(function("collect_list", known)))
    ordered = function("sort_array", rows, exp.convert(call.name == "min_by"))
    row = exp.to_identifier("row")
    values = function(
        "transform",
        ordered,
        exp.Lambda(
            this=exp.Dot(this=exp.to_identifier("row"), expression=exp.to_identifier("x")),
            expressions=[row],
        ),
    )
    return function("slice", values, 1, count)


RULES: dict[str, Rule] = {"max_by": first_n_by, "min_by": first_n_by}
