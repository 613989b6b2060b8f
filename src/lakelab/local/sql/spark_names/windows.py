"""The partitions, the order and the frame of a window function as Spark writes them.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-window-functions

Tested in ``tests/engine/test_column_names.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlglot import exp

from lakelab.local.sql.spark_names.literals import UnknownNameError


class Names(Protocol):
    """What writes the names of expressions."""

    def name(self, node: exp.Expr) -> str:
        """Return the name of an expression inside of another."""
        ...

    def names(self, nodes: Sequence[exp.Expr]) -> str:
        """Return the names of several expressions, with commas between them."""
        ...


_ROWS_SO_FAR = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
_RANGE_SO_FAR = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
_ALL_ROWS = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
_COUNTED_BY_ROWS = ("row_number", "rank", "dense_rank", "percent_rank", "ntile")
_OFFSETS = ("lag", "lead")
_MAX_DEPTH = 8


def frame_name(names: Names, node: exp.Expr) -> str:
    """Return what stands between the parentheses of an ``OVER``.

    Parameters
    ----------
    names : Names
    node : sqlglot.exp.Window
    """
    definition = _definition(node)
    parts = []
    if partitions := definition.args.get("partition_by"):
        parts.append(f"PARTITION BY {names.names(partitions)}")
    order = definition.args.get("order")
    if order is not None:
        parts.append(f"ORDER BY {order_name(names, order)}")
    parts.append(_frame(names, node, definition))
    return " ".join(parts)


def order_name(names: Names, order: exp.Expr) -> str:
    """Return the expressions of an ``ORDER BY`` with their directions."""
    texts = []
    for ordered in order.expressions:
        direction = "DESC" if ordered.args.get("desc") else "ASC"
        nulls = "FIRST" if ordered.args.get("nulls_first") else "LAST"
        texts.append(f"{names.name(ordered.this)} {direction} NULLS {nulls}")
    return ", ".join(texts)


def _definition(node: exp.Expr) -> exp.Expr:
    """Return the window that an ``OVER w`` names, or the window itself."""
    for _ in range(_MAX_DEPTH):
        alias = node.args.get("alias")
        if alias is None:
            return node
        select = node.find_ancestor(exp.Select)
        windows = (select.args.get("windows") or []) if select is not None else []
        found = [one for one in windows if one.this.name.lower() == alias.name.lower()]
        if not found:
            break
        if node.args.get("partition_by") or node.args.get("order"):
            break
        node = found[0]
    raise UnknownNameError("a window of another one")


def _frame(names: Names, node: exp.Expr, definition: exp.Expr) -> str:
    call = node.this
    while isinstance(call, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        call = call.this
    function = str(call.name).lower()
    if function in _COUNTED_BY_ROWS:
        return _ROWS_SO_FAR
    if function in _OFFSETS:
        return _offset(names, call, function)
    spec = definition.args.get("spec")
    if spec is None:
        return _RANGE_SO_FAR if definition.args.get("order") is not None else _ALL_ROWS
    start = _bound(names, spec.args.get("start"), spec.args.get("start_side"))
    end = _bound(names, spec.args.get("end") or "CURRENT ROW", spec.args.get("end_side"))
    return f"{spec.args['kind']} BETWEEN {start} AND {end}"


def _offset(names: Names, call: exp.Expr, function: str) -> str:
    offset = names.name(call.expressions[1]) if len(call.expressions) > 1 else "1"
    if function == "lag":
        offset = offset[1:] if offset.startswith("-") else f"-{offset}"
    return f"ROWS BETWEEN {offset} FOLLOWING AND {offset} FOLLOWING"


def _bound(names: Names, value: Any, side: str | None) -> str:
    text = value if isinstance(value, str) else names.name(value)
    return f"{text} {side}" if side else text
