"""Functions of numbers that the engine has for some types only, or with another type than Spark.

Follows https://spark.apache.org/docs/latest/api/sql/
"""

from __future__ import annotations

from pyspark.sql.types import (
    ByteType,
    DataType,
    IntegerType,
    LongType,
    ShortType,
)
from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function
from lakelab.local.sql.rewrites.operand_types import IS_DIVISOR, OperandTypes
from lakelab.local.sql.rewrites.spark_types import arithmetic_type

_OPERATORS: dict[str, tuple[str, type[exp.Expr]]] = {
    "try_add": ("+", exp.Add),
    "try_subtract": ("-", exp.Sub),
    "try_multiply": ("*", exp.Mul),
    "try_divide": ("/", exp.Div),
}


def decode(call: Call) -> exp.Expr | None:
    """Return a CASE for ``decode(x, search, result, ...)``; the engine has ``decode`` of binaries only."""
    if len(call.arguments) <= 2:
        return None
    value, *rest = (argument.copy() for argument in call.arguments)
    ifs = [
        exp.If(this=exp.NullSafeEQ(this=value.copy(), expression=search), true=result)
        for search, result in zip(rest[0::2], rest[1::2], strict=False)
    ]
    # as in Spark, the value of no branch is a text: it has a part in the type
    return exp.Case(ifs=ifs, default=rest[-1] if len(rest) % 2 else exp.cast(exp.null(), "STRING"))


def coalesce(call: Call) -> exp.Expr | None:
    """Return ``coalesce(x, y)``: the engine's ``ifnull`` makes a DOUBLE of a DECIMAL."""
    return function("coalesce", *(argument.copy() for argument in call.arguments))


def zero_if_null(call: Call) -> exp.Expr | None:
    """Return ``coalesce(x, 0)``: the engine makes a DOUBLE of a DECIMAL."""
    value = call.argument(0)
    return value and function("coalesce", value, 0)


def try_operator(call: Call) -> exp.Expr | None:
    """Return an operator that gives null for what does not fit; the engine has INT and BIGINT only."""
    if len(call.arguments) != 2:
        return None
    types = OperandTypes(call.types)
    types.ask(call.arguments)
    left, right = (types.of(argument) for argument in call.arguments)
    if (
        left is None
        or right is None
        or (left == right and isinstance(left, IntegerType | LongType))
    ):
        return None
    sign, operator = _OPERATORS[call.name]
    result = arithmetic_type(sign, left, right)
    one, other = (exp.paren(argument.copy(), copy=False) for argument in call.arguments)
    if result is None:
        return None
    if call.name == "try_divide":
        divisor = function("nullif", other, 0)
        divisor.meta[IS_DIVISOR] = True
        return exp.Div(this=one, expression=divisor)
    if isinstance(result, IntegerType | LongType):
        return function(call.name, _cast(one, result), _cast(other, result))
    if isinstance(result, ByteType | ShortType):
        wide = operator(this=_cast(one, IntegerType()), expression=_cast(other, IntegerType()))
        return exp.TryCast(this=wide, to=_type(result))
    return operator(this=one, expression=other)


def null_if(call: Call) -> exp.Expr | None:
    """Return a CASE for ``nullif(x, y)``: the engine gives it the type that both are compared in."""
    if len(call.arguments) != 2:
        return None
    value, other = (exp.paren(argument.copy(), copy=False) for argument in call.arguments)
    if isinstance(call.arguments[0], exp.Null):
        return None
    is_other = exp.EQ(this=value.copy(), expression=other)
    return exp.Case(ifs=[exp.If(this=is_other, true=exp.null())], default=value)


def hypot(call: Call) -> exp.Expr | None:
    """Return ``hypot`` of DOUBLEs; the engine computes it of two INT in an INT."""
    if len(call.arguments) != 2:
        return None
    return function("hypot", *(exp.cast(one.copy(), "DOUBLE") for one in call.arguments))


def as_int(call: Call) -> exp.Expr | None:
    """Return the call as an INT; the engine makes a BIGINT of it."""
    if call.name != "regexp_count" and len(call.arguments) != 2:
        return None  # datediff(unit, start, end) is a BIGINT in Spark, too
    return call.aggregate(_cast(call.node.copy(), IntegerType()))


def rint(call: Call) -> exp.Expr | None:
    """Return the nearest whole number, of two the even one; the engine takes the larger one."""
    value = call.argument(0)
    return value and function("bround", exp.cast(value, "DOUBLE"), 0)


def conv(call: Call) -> exp.Expr | None:
    """Return the call, and an error for a negative number, which Spark writes without a sign."""
    number = call.argument(0)
    if number is None:
        return None
    text = exp.cast(number, "STRING")
    is_negative = function("startswith", function("trim", text), "-")
    reason = exp.Literal.string(
        "[UNSUPPORTED_FEATURE.LOCAL_ENGINE] The local engine does not compute conv of a negative number. "
        "SQLSTATE: 0A000"
    )
    refused = exp.cast(exp.Anonymous(this="raise_error", expressions=[reason]), "STRING")
    return exp.Case(ifs=[exp.If(this=is_negative, true=refused)], default=call.node.copy())


def _cast(node: exp.Expr, kind: DataType) -> exp.Expr:
    return exp.Cast(this=node, to=_type(kind))


def _type(kind: DataType) -> exp.DataType:
    return exp.DataType.build(kind.simpleString(), dialect="databricks")


FIRST_RULES: dict[str, Rule] = {
    "decode": decode,
    "ifnull": coalesce,
    "nullif": null_if,
    "nvl": coalesce,
    "zeroifnull": zero_if_null,
    **dict.fromkeys(_OPERATORS, try_operator),
}
"""Calls that become operators and branches, whose operands are cast afterwards."""

RULES: dict[str, Rule] = {
    "conv": conv,
    "hypot": hypot,
    "rint": rint,
    **dict.fromkeys(("datediff", "date_diff", "regexp_count"), as_int),
}


def correct_result(node: exp.Expr, types: OperandTypes) -> bool:
    """Cast the result of ``~x`` and ``nullif`` to the type that Spark gives it.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        It is changed.
    types : OperandTypes
        The types of the tree.
    """
    operand = typed_by(node)
    kind = types.of(operand) if operand is not None else None
    if operand is None or kind is None:
        return False
    if isinstance(node, exp.BitwiseNot):
        if not isinstance(kind, ByteType | ShortType):
            return False
    elif (
        isinstance(operand, exp.Null) or len({type(types.of(one)) for one in node.expressions}) < 2
    ):
        return False
    cast = exp.Cast(to=_type(kind))
    node.replace(cast)
    cast.set("this", node)
    return True


def typed_by(node: exp.Expr) -> exp.Expr | None:
    """Return the operand whose type the result has; None for other nodes than ``~x`` and ``nullif``.

    Parameters
    ----------
    node : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> typed_by(parse_expression("nullif(a, 1)")).sql()
    'a'
    """
    if isinstance(node, exp.BitwiseNot):
        operand: exp.Expr = node.this
        return operand
    is_nullif = isinstance(node, exp.Anonymous) and str(node.name).lower() == "nullif"
    return node.expressions[0] if is_nullif and len(node.expressions) == 2 else None
