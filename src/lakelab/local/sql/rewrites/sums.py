"""``sum`` and ``avg`` as Spark computes them: a sum of BIGINT that overflows is an error, texts are DOUBLE.

The engine's sum wraps around, and it takes no text.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/sum
"""

from __future__ import annotations

from pyspark.sql.types import DataType, DecimalType, DoubleType, LongType, NullType, StringType
from sqlglot import exp

from lakelab.local.sql.rewrites.casts import cast_operand, replace_by_cast
from lakelab.local.sql.rewrites.operand_types import OperandTypes

_EXACT = DecimalType(20, 0)
_SUMS = ("sum", "try_sum")
_OF_NUMBERS = frozenset(
    [
        *_SUMS,
        "avg",
        "mean",
        "try_avg",
        "std",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "var_pop",
        "var_samp",
        "variance",
        "skewness",
        "kurtosis",
        "median",
    ]
)


def summed(node: exp.Expr) -> exp.Expr | None:
    """Return the number that an aggregate function of numbers takes; None for any other node.

    Parameters
    ----------
    node : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> summed(parse_expression("sum(DISTINCT x)")).sql()
    'x'
    """
    if not isinstance(node, exp.Anonymous) or str(node.name).lower() not in _OF_NUMBERS:
        return None
    if len(node.expressions) != 1:
        return None
    first: exp.Expr = node.expressions[0]
    return first.expressions[0] if isinstance(first, exp.Distinct) else first


def correct_aggregate(node: exp.Expr, types: OperandTypes) -> bool:
    """Cast the argument and the result of an aggregate function of numbers.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        It is changed.
    types : OperandTypes
        The types of the tree.
    """
    number = summed(node)
    kind: DataType | None = types.of(number) if number is not None else None
    if number is None or kind is None:
        return False
    if isinstance(kind, StringType | NullType):
        return cast_operand(number, None, DoubleType())
    if str(node.name).lower() != "sum" or not isinstance(kind, LongType):
        return False
    frame = node
    while isinstance(frame.parent, exp.Filter | exp.Window) and frame.arg_key == "this":
        frame = frame.parent
    cast_operand(number, kind, _EXACT)
    replace_by_cast(frame, LongType())
    return True
