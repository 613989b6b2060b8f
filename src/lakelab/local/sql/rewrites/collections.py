"""``collect_list`` and ``collect_set``: the engine keeps nulls over a window, and has NULL for no value.

Spark leaves nulls out, and has an empty array for no value.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/collect_list
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


RULES: dict[str, Rule] = {
    "collect_list": without_nulls,
    "collect_set": without_nulls,
    "array_agg": without_nulls,
}
