"""A DECIMAL beside a DOUBLE or FLOAT: the DECIMAL is cast to DOUBLE, as Spark does.

The engine casts both to DECIMAL(30, 15) where they are compared, or are branches of one value: it loses small
values, and fails on large ones and on NaN. It is right about arithmetic.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatype-rules
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql.types import DataType, DecimalType, DoubleType, FloatType
from sqlglot import exp

from lakelab.local.sql.rewrites.expression_types import Types

_COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ, exp.NullSafeEQ)
_FUNCTIONS = {"coalesce", "least", "greatest", "nullif", "pmod"}
_BRANCHES = {"if": 1, "nvl2": 1}
"""Functions whose first arguments are no result, with their number."""
_OTHER_LITERALS = (exp.Boolean, exp.Null, exp.Connector, exp.Not, exp.Predicate, exp.Interval)

Operands = list[exp.Expr]


def cast_decimals_beside_doubles(tree: exp.Expr, types: Types) -> bool:
    """Cast each DECIMAL beside a DOUBLE or FLOAT to DOUBLE.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed.
    types : Types
        The types of its expressions.

    Returns
    -------
    bool
        Whether the tree was changed.
    """
    changed = False
    while _cast_decimals(
        tree, types
    ):  # coalesce(x, 0.5) > 0.5: the first cast makes a DOUBLE of the left side
        changed = True
    return changed


def _cast_decimals(tree: exp.Expr, types: Types) -> bool:
    groups = [group for group in _groups(tree) if _may_mix(group)]
    known = _types(groups, types)
    # nodes are equal if their text is: the id tells them apart
    mixed = {
        id(node): node
        for group in groups
        if any(isinstance(known[id(node)], DoubleType | FloatType) for node in group)
        for node in group
        if isinstance(known[id(node)], DecimalType)
    }
    for node in reversed(mixed.values()):
        node.replace(exp.cast(node.copy(), "DOUBLE", copy=False))
    return bool(mixed)


def _types(groups: list[Operands], types: Types) -> dict[int, DataType | None]:
    """Return the type of each operand, by the id of its node."""
    known: dict[int, DataType | None] = {}
    clauses: dict[tuple[int, int], Operands] = {}
    for node in (node for group in groups for node in group):
        if (literal := _literal_type(node)) is not None:
            known[id(node)] = literal
        elif id(node) not in known:
            known[id(node)] = None
            clauses.setdefault(_clause(node), []).append(node)
    for nodes in clauses.values():
        for node, node_type in zip(nodes, types.of(nodes), strict=True):
            known[id(node)] = node_type
    return known


def _clause(node: exp.Expr) -> tuple[int, int]:
    """Return what identifies the query and the clause of a node."""
    clause = node
    while clause.parent is not None and not isinstance(clause.parent, exp.Query | exp.DML):
        clause = clause.parent
    return id(clause.parent), id(type(clause))


def _groups(tree: exp.Expr) -> Iterator[Operands]:
    """Yield the operands that the engine casts to one type."""
    for node in tree.walk():
        if isinstance(node, _COMPARISONS):
            yield [node.this, node.expression]
        elif isinstance(node, exp.Between):
            yield [node.this, node.args["low"]]
            yield [node.this, node.args["high"]]
        elif isinstance(node, exp.In):
            yield [node.this, *node.expressions]
        elif isinstance(node, exp.Case):
            yield from _case(node)
        elif isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
            yield [branch for branch in (node.args["true"], node.args.get("false")) if branch]
        elif isinstance(node, exp.Anonymous):
            yield from _call(node)
        elif isinstance(node, exp.Values):
            rows = [row.expressions for row in node.expressions if isinstance(row, exp.Tuple)]
            yield from (list(column) for column in zip(*rows, strict=False))
        elif isinstance(node, exp.SetOperation):
            yield from _branches(node)


def _case(node: exp.Case) -> Iterator[Operands]:
    ifs = node.args["ifs"]
    default = node.args.get("default")
    yield [*(one.args["true"] for one in ifs), *([default] if default else [])]
    if node.this:
        yield [node.this, *(one.this for one in ifs)]


def _call(node: exp.Anonymous) -> Iterator[Operands]:
    name = str(node.name).lower()
    if name in _FUNCTIONS:
        yield list(node.expressions)
    elif name in _BRANCHES:
        yield list(node.expressions[_BRANCHES[name] :])


def _branches(node: exp.SetOperation) -> Iterator[Operands]:
    """Yield the columns of both sides of a set operation."""
    left, right = _select(node.left), _select(node.right)
    if left is None or right is None or len(left.expressions) != len(right.expressions):
        return
    if left.is_star or right.is_star:
        return
    for one, other in zip(left.expressions, right.expressions, strict=True):
        yield [one.unalias(), other.unalias()]


def _select(node: exp.Expr) -> exp.Select | None:
    while isinstance(node, exp.SetOperation | exp.Subquery | exp.Paren):
        node = node.left if isinstance(node, exp.SetOperation) else node.this
    return node if isinstance(node, exp.Select) else None


def _may_mix(group: Operands) -> bool:
    """Return whether a group may have a DECIMAL and a DOUBLE, as far as its text tells."""
    kinds = [_literal_type(node) for node in group if not _is_other(node)]
    decimals = sum(isinstance(kind, DecimalType) for kind in kinds)
    doubles = sum(isinstance(kind, DoubleType | FloatType) for kind in kinds)
    unknown = sum(kind is None for kind in kinds)
    if decimals and doubles:
        return True
    return unknown > 0 and len(kinds) > 1


def _is_other(node: exp.Expr) -> bool:
    """Return whether the text of an operand tells that it is neither a DECIMAL nor a DOUBLE."""
    node = _bare(node)
    if isinstance(node, exp.Literal):
        return node.is_string or node.is_int
    if isinstance(node, exp.Cast):
        return not node.is_type("decimal", "double", "float")
    return isinstance(node, _OTHER_LITERALS)


def _literal_type(node: exp.Expr) -> DataType | None:
    """Return the type of a number or a cast; None for any other expression."""
    node = _bare(node)
    if isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
        return DoubleType() if "e" in node.name.lower() else DecimalType()
    if isinstance(node, exp.Cast):
        if node.is_type("decimal"):
            return DecimalType()
        if node.is_type("double", "float"):
            return DoubleType()
    return None


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Neg | exp.Paren):
        node = node.this
    return node
