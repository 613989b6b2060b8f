"""``sum`` and ``avg`` of fractions over a frame that moves: a rolling mean.

The engine subtracts a row that leaves the frame. A NaN or an infinity never leaves such a sum, and a large number takes
the digits of small ones with it. Spark adds the rows of each frame anew, and so does the expression here.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-window-functions
"""

from __future__ import annotations

from pyspark.sql.types import DoubleType, FloatType
from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function, known_values
from lakelab.local.sql.rewrites.decimal_sums import checked_sum


def moving_sum(call: Call) -> exp.Expr | None:
    """Return the sum or the mean of the values that are collected in each frame; None if the frame does not move."""
    window = call.frame
    if len(call.arguments) != 1 or not isinstance(window, exp.Window) or not _moves(window):
        return None
    (kind,) = call.types.of([call.arguments[0]])
    if not isinstance(kind, DoubleType | FloatType):
        return None
    number = exp.cast(call.arguments[0].copy(), "DOUBLE")
    values = known_values(call.aggregate(function("collect_list", number)))
    total, value = exp.to_identifier("total"), exp.to_identifier("value")
    added = exp.Lambda(
        this=exp.Add(this=total.copy(), expression=value.copy()), expressions=[total, value]
    )
    zero = exp.cast(exp.Literal.number(0), "DOUBLE")
    result = function("aggregate", values, zero, added)
    size = function("size", values.copy())
    if call.name in ("avg", "mean", "try_avg"):
        result = exp.Div(this=result, expression=exp.cast(size.copy(), "DOUBLE"))
    is_known = exp.GT(this=size, expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=is_known, true=result)])


def _moves(window: exp.Window) -> bool:
    """Return whether rows leave the frame: it does not begin with the first row."""
    message = window.args.get("spec")
    if message is not None and not isinstance(message, exp.Expr):  # of a plan
        frame = message.window.frame_spec
        return message.window.HasField("frame_spec") and not frame.lower.unbounded
    spec = message or _named_spec(window)
    return spec is not None and str(spec.args.get("start", "")).upper() != "UNBOUNDED"


def _named_spec(window: exp.Window) -> exp.Expr | None:
    """Return the frame of a window that the query defines under a name."""
    name = window.args.get("alias")
    select = window.find_ancestor(exp.Select)
    if name is None or select is None:
        return None
    named = (one for one in select.args.get("windows") or [] if one.name == name.name)
    return next((one.args.get("spec") for one in named), None)


def sum_of_rows(call: Call) -> exp.Expr | None:
    """Return the sum of each frame, or a sum of DECIMAL that is checked; None if the engine is right about it."""
    return moving_sum(call) or checked_sum(call)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("sum", "try_sum"), sum_of_rows),
    **dict.fromkeys(("avg", "mean", "try_avg"), moving_sum),
}
