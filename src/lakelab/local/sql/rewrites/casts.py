"""Casts that a rewrite puts around expressions.

Tested in ``tests/local/sql/rewrites/test_coercion.py``.
"""

from __future__ import annotations

from pyspark.sql.types import DataType, NullType
from sqlglot import exp


def cast_operand(node: exp.Expr, own: DataType | None, target: DataType) -> bool:
    """Cast an operand to a type unless it has it.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        A part of a tree.
    own : pyspark.sql.types.DataType or None
        The type that it has; None if it is cast in any case.
    target : pyspark.sql.types.DataType

    Returns
    -------
    bool
        Whether it was cast.
    """
    if own is not None and (isinstance(own, NullType) or same_type(own, target)):
        return False
    replace_by_cast(node, target)
    return True


def same_type(one: DataType, other: DataType) -> bool:
    """Return whether two types are the same but for nulls in arrays, maps and structs.

    Examples
    --------
    >>> from pyspark.sql.types import ArrayType, LongType
    >>> same_type(ArrayType(LongType(), False), ArrayType(LongType(), True))
    True
    """
    return one.simpleString() == other.simpleString()


def replace_by_cast(node: exp.Expr, target: DataType) -> exp.Expr:
    """Replace a node by a cast of itself; return the cast.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        A part of a tree.
    target : pyspark.sql.types.DataType
    """
    cast = exp.Cast(to=exp.DataType.build(target.simpleString(), dialect="databricks"))
    node.replace(cast)
    cast.set("this", node)
    return cast
