r"""The replacement of ``regexp_replace``: Java reads ``$1x`` as the first group and an x, and ``\$`` as a dollar sign.

The engine reads ``$1x`` as a group of the name ``1x``, for which it writes nothing.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/regexp_replace
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.calls import Call, Rule, refuse_function


def regexp_replace(call: Call) -> exp.Expr | None:
    """Write the replacement as the engine reads it."""
    if len(call.arguments) < 3:
        return None
    pattern, given = call.arguments[1], call.arguments[2]
    if not isinstance(given, exp.Literal) or not ("$" in given.name or "\\" in given.name):
        return None
    if not isinstance(pattern, exp.Literal):
        return refuse_function("regexp_replace", "With groups, the pattern must be a literal text.")
    written = _replacement(given.name, _group_count(pattern.name))
    if written == given.name:
        return None
    changed = call.node.copy()
    changed.expressions[2].replace(exp.Literal.string(written))
    return changed


def _replacement(text: str, groups: int) -> str:
    parts: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\" and position < len(text):
            parts.append(text[position].replace("$", "$$"))
            position += 1
        elif character == "$" and text[position : position + 1].isdigit():
            digits = _group(text, position, groups)
            parts.append(f"${{{digits}}}")
            position += len(digits)
        else:
            parts.append(character)
    return "".join(parts)


def _group(text: str, start: int, groups: int) -> str:
    """Return the number of a group: as many digits as there are groups for."""
    digits = text[start]
    if int(digits) > groups:
        raise analysis_error(
            conditions.INVALID_REGEXP_REPLACE,
            f"The pattern has no group {digits}, which the replacement '{text}' names.",
        )
    for digit in text[start + 1 :]:
        if not digit.isdigit() or int(digits + digit) > groups:
            break
        digits += digit
    return digits


def _group_count(pattern: str) -> int:
    """Return how many groups a pattern has."""
    count, is_class, position = 0, False, 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character in "[]":
            is_class = character == "["
        elif character == "(" and not is_class:
            rest = pattern[position + 1 : position + 4]
            is_named = rest.startswith("?<") and rest[2:3] not in ("=", "!")
            count += not rest.startswith("?") or is_named
        position += 1
    return count


RULES: dict[str, Rule] = {"regexp_replace": regexp_replace}
