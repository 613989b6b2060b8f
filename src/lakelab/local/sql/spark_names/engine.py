"""Which expressions the engine names as Spark does: these need no alias.

The engine writes the names of most calls and operators as Spark does. What is not known here gets an alias, which
costs nothing.

Tested in ``tests/engine/test_column_names.py``.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from lakelab.local.sql.grammar.expressions import PLUS
from lakelab.local.sql.spark_names.expressions import (
    is_column,
    is_field,
    is_literal,
    type_of,
    without_parentheses,
)
from lakelab.local.sql.spark_names.functions import (
    BUILT_IN,
    CASTS,
    DEFAULTS,
    KEPT,
    RENAMED,
    SPECIAL,
)

_OPERATORS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or,
    exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.DPipe, exp.Not, exp.Paren, exp.Bracket,
)  # fmt: skip
"""Operators that the engine writes as Spark does."""

_LEAVES = (exp.Literal, exp.RawString, exp.HexString, exp.Null, exp.Boolean)

_RIGHT = frozenset(
    [
        "any_value",
        "bround",
        "ceil",
        "current_database",
        "date_add",
        "dateadd",
        "first",
        "first_value",
        "floor",
        "from_csv",
        "from_json",
        "hll_sketch_agg",
        "isnotnull",
        "isnull",
        "last",
        "last_value",
        "listagg",
        "locate",
        "ltrim",
        "position",
        "positive",
        "regexp_extract_all",
        "regexp_instr",
        "regexp_replace",
        "round",
        "rtrim",
        "schema_of_json",
        "string_agg",
        "substr",
        "substring",
        "to_csv",
        "to_json",
        "to_unix_timestamp",
        "trim",
    ]
)
"""Functions with another form, or with more or fewer arguments, that the engine writes as Spark does."""

_OTHER = (
    frozenset(RENAMED) | frozenset(DEFAULTS) | frozenset(KEPT) | frozenset(SPECIAL) | CASTS
) - _RIGHT
"""Functions that the engine writes otherwise than Spark."""

_DISTINCT = frozenset(["count", "sum"])


def engine_agrees(node: exp.Expr, relations: Collection[str] = ()) -> bool:
    """Return whether the engine gives Spark's name to a result column without an alias.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        The result column.
    relations : collection of str
        The names of the query's relations in lower case.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> [engine_agrees(parse_expression(text)) for text in ("a", "a + 1", "sum(a)", "a IN (1)", "SUM(a)", "-1")]
    [True, True, True, False, False, False]
    """
    node = without_parentheses(node)
    if isinstance(node, exp.Star | exp.Alias) or is_field(node) or node.is_star:
        return True
    if isinstance(node, exp.Cast) and is_column(node.this, relations):
        return True
    return _agrees(node, relations)


def _agrees(node: exp.Expr, relations: Collection[str]) -> bool:
    if node.meta.get(PLUS):
        return False  # a text that is made from the tree has no plus
    if isinstance(node, _LEAVES):
        return True
    if isinstance(node, exp.Column):
        return is_column(node, relations)
    if isinstance(node, exp.Cast):
        return _agrees_cast(node, relations)
    if isinstance(node, exp.Neg):
        inner = node.this
        return not isinstance(inner, exp.Literal | exp.Cast) and _agrees(inner, relations)
    if isinstance(node, exp.Anonymous):
        return _agrees_call(node, relations)
    if isinstance(node, exp.Case):
        parts = [part for one in node.args["ifs"] for part in (one.this, one.args["true"])]
        others = [part for part in (node.this, node.args.get("default")) if part]
        return all(_agrees(part, relations) for part in [*parts, *others])
    if isinstance(node, exp.Add | exp.Sub) and "DATE" in (
        type_of(node.this),
        type_of(node.expression),
    ):
        return False
    return isinstance(node, _OPERATORS) and all(
        _agrees(part, relations) for part in node.iter_expressions()
    )


def _agrees_cast(node: exp.Expr, relations: Collection[str]) -> bool:
    if is_literal(node):
        return True
    to, inner = node.args["to"], without_parentheses(node.this)
    is_plain = not isinstance(inner, exp.Column | exp.Cast) or is_literal(inner)
    return (
        is_plain
        and not to.expressions
        and isinstance(to.this, exp.DType)
        and _agrees(inner, relations)
    )


def _agrees_call(node: exp.Expr, relations: Collection[str]) -> bool:
    arguments = list(node.expressions)
    is_distinct = len(arguments) == 1 and isinstance(arguments[0], exp.Distinct)
    if not engine_writes_call(str(node.name), is_distinct=is_distinct):
        return False
    arguments = arguments[0].expressions if is_distinct else arguments
    return all(isinstance(a, exp.Star) or _agrees(a, relations) for a in arguments)


def engine_writes_call(name: str, *, is_distinct: bool = False) -> bool:
    """Return whether the engine writes a call as Spark does, apart from the arguments.

    Parameters
    ----------
    name : str
        The function as it was written.
    is_distinct : bool
        Whether the arguments have a DISTINCT.

    Examples
    --------
    >>> [engine_writes_call(name) for name in ("upper", "UPPER", "split", "my_Function")]
    [True, False, False, True]
    """
    if name in _OTHER or (is_distinct and name not in _DISTINCT):
        return False
    return name in BUILT_IN or name.lower() not in BUILT_IN
