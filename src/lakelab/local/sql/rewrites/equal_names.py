"""Calls that differ by a cast only: the engine names both alike, and computes one of them twice.

``max(x) OVER w`` and ``max(CAST(x AS INT)) OVER w`` are one column of a window for the engine; two such aggregates are an
error. A call without an effect around the cast makes another name.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-window-functions
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lakelab.local.sql.rewrites.aggregates import is_aggregate
from lakelab.local.sql.rewrites.calls import function
from lakelab.local.sql.rewrites.scopes import parts_of, scopes

_CASTS = (exp.Cast, exp.TryCast)
Key = tuple[Any, ...]


def separate_names(tree: exp.Expr) -> bool:
    """Make the names of aggregates and window functions differ where their casts do.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed.

    Returns
    -------
    bool
        Whether the tree was changed.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse, to_sql
    >>> tree = parse("SELECT max(x), max(CAST(x AS INT)) FROM t").tree.copy()
    >>> separate_names(tree), to_sql(tree)
    (True, 'SELECT max(x), max(coalesce(CAST(x AS INT))) FROM t')
    """
    changed = [_separate(scope) for scope in scopes(tree)]
    return any(changed)


def _separate(scope: exp.Expr) -> bool:
    calls: dict[Key, dict[Key, list[exp.Expr]]] = {}
    for node in parts_of(scope):
        if _is_named(node):
            variants = calls.setdefault(_key(node, with_casts=False), {})
            variants.setdefault(_key(node, with_casts=True), []).append(node)
    changed = False
    for variants in calls.values():
        in_order = sorted(
            variants.values(), key=lambda nodes: len(list(nodes[0].find_all(*_CASTS)))
        )
        for times, nodes in enumerate(in_order):
            for node in nodes if times else ():
                changed |= _wrap_casts(node, times)
    return changed


def _is_named(node: exp.Expr) -> bool:
    """Return whether a node is a window function, or an aggregate that is not the function of a window."""
    if isinstance(node, exp.Window):
        return True
    return is_aggregate(node) and not isinstance(node.parent, exp.Window | exp.Filter)


def _key(node: Any, *, with_casts: bool) -> Key:
    """Return what the engine names an expression by, with or without its casts."""
    while isinstance(node, exp.Paren) or (not with_casts and isinstance(node, _CASTS)):
        node = node.this
    if isinstance(node, exp.Expr):
        parts = (
            (name, _key(value, with_casts=with_casts)) for name, value in node.args.items() if value
        )
        return (type(node).__name__, *parts)
    if isinstance(node, list):
        return tuple(_key(item, with_casts=with_casts) for item in node)
    if hasattr(node, "SerializeToString"):  # a part of a plan
        return _message_key(node)
    return (node,)


def _wrap_casts(node: exp.Expr, times: int) -> bool:
    outermost = node.walk(prune=lambda part: isinstance(part, _CASTS))
    casts = [
        part
        for part in outermost
        if isinstance(part, _CASTS) and part is not node and not part.args.get("is_literal")
    ]
    for cast in casts:
        wrapped: exp.Expr = cast.copy()
        for _ in range(times):
            wrapped = function("coalesce", wrapped)
        cast.replace(wrapped)
    return bool(casts)


def _message_key(message: Any) -> Key:
    """Return a part of a plan as bytes; the function of a window is a node of the tree."""
    copy = type(message)()
    copy.CopyFrom(message)
    if copy.DESCRIPTOR.name == "Expression" and copy.HasField("window"):
        copy.window.ClearField("window_function")
    _clear_origins(copy)
    return (copy.SerializeToString(deterministic=True),)


def _clear_origins(message: Any) -> None:
    """Remove the lines of the program that an expression and its parts come from."""
    for field, value in message.ListFields():
        if field.name == "common":
            message.ClearField("common")
        elif hasattr(value, "ListFields"):
            _clear_origins(value)
        elif field.type == field.TYPE_MESSAGE and not hasattr(value, "items"):
            for part in value:
                _clear_origins(part)
