"""``to_json`` writes timestamps with milliseconds; the engine writes microseconds.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/to_json
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function

_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"


def to_json(call: Call) -> exp.Expr | None:
    """Return the call with the format of timestamps, unless it has options."""
    value = call.argument(0)
    if value is None or len(call.arguments) != 1:
        return None
    return function("to_json", value, function("map", "timestampFormat", _FORMAT))


RULES: dict[str, Rule] = {"to_json": to_json}
