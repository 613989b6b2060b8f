"""A sum of DECIMAL that has more than 38 digits is an error; the engine's sum wraps around.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/sum
"""

from __future__ import annotations

from pyspark.sql.types import DecimalType
from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, function

_SAFE_PRECISION = 28
"""A sum of 10 thousand million values of this precision has 38 digits."""
_MAX_PRECISION = 38


def checked_sum(call: Call) -> exp.Expr | None:
    """Return the sum with a check of its size; None for a type whose sum has at most 38 digits."""
    if len(call.arguments) != 1 or isinstance(call.arguments[0], exp.Distinct):
        return None
    (kind,) = call.types.of([call.arguments[0]])
    if not isinstance(kind, DecimalType) or kind.precision <= _SAFE_PRECISION:
        return None
    number = exp.cast(call.arguments[0].copy(), "DOUBLE")
    size = function("abs", call.aggregate(function("sum", number)))
    limit = exp.cast(exp.Literal.string(f"1e{_MAX_PRECISION - kind.scale}"), "DOUBLE")
    is_large = exp.GTE(this=size, expression=limit)
    beyond: exp.Expr = exp.null()
    if call.name == "sum":
        reason = exp.Literal.string(
            "[ARITHMETIC_OVERFLOW] The sum of a DECIMAL has more than 38 digits. Use try_sum to get NULL instead. "
            "SQLSTATE: 22003"
        )
        result = f"DECIMAL({_MAX_PRECISION}, {kind.scale})"
        beyond = exp.cast(function("raise_error", reason), result)
    return exp.Case(
        ifs=[exp.If(this=is_large, true=beyond)], default=call.aggregate(call.node.copy())
    )
