"""``get_json_object`` with a wildcard in its path, for which the engine returns NULL.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/get_json_object
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, refuse_function


def get_json_object(call: Call) -> exp.Expr | None:
    """Refuse a path with a wildcard."""
    path = call.argument(1)
    if isinstance(path, exp.Literal) and path.is_string and "*" in path.name:
        return refuse_function(
            "get_json_object",
            f"Its path '{path.name}' has a wildcard: use from_json and transform instead.",
        )
    return None


RULES: dict[str, Rule] = {"get_json_object": get_json_object}
