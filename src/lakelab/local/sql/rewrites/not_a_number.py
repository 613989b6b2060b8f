"""``isnan`` of NULL is false; the engine returns NULL.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/isnan
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function


def is_nan(call: Call) -> exp.Expr:
    """Return whether a value is NaN, and false for NULL."""
    return function("coalesce", call.node.copy(), exp.false())


RULES: dict[str, Rule] = {"isnan": is_nan}
