"""Arithmetic as Spark does it: the types of operands, exact DECIMALs, integers that overflow.

The engine's integers wrap around. Here they are computed in a wider type, and cast back: the engine's cast is checked.
:func:`is_checked` tells such a cast from one of the user's. Nothing is cast where no value can overflow.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatype-rules and
https://docs.databricks.com/aws/en/sql/language-manual/data-types/decimal-type
"""

from __future__ import annotations

from pyspark.sql.types import (
    ByteType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    IntegralType,
    LongType,
    NullType,
    ShortType,
)
from sqlglot import exp

from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.casts import cast_operand, replace_by_cast
from lakelab.local.sql.rewrites.operand_types import (
    OPERATORS,
    Operands,
    OperandTypes,
    bare,
    beside,
    cast_type,
)
from lakelab.local.sql.rewrites.refused_operands import refused_operands
from lakelab.local.sql.rewrites.spark_types import (
    arithmetic_type,
    as_decimal,
    number_operands,
)

_CHECKED = (exp.Add, exp.Sub, exp.Mul)
_EXACT = DecimalType(20, 0)
"""The type that the sum, the difference and the product of two BIGINT are computed from."""
_BITS: dict[type[DataType], int] = {ByteType: 7, ShortType: 15, IntegerType: 31, LongType: 63}
_MAX_PRECISION = 38

Range = tuple[int, int]


def operands_of(node: exp.Expr) -> Operands:
    """Return both operands of an arithmetic operator, or of ``mod`` and ``pmod``; none for any other node.

    Parameters
    ----------
    node : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> [operand.sql() for operand in operands_of(parse_expression("a + 1"))]
    ['a', '1']
    """
    if type(node) in OPERATORS:
        return [node.this, node.expression]
    if isinstance(node, exp.Anonymous) and str(node.name).lower() in ("mod", "pmod"):
        return list(node.expressions) if len(node.expressions) == 2 else []
    return []


def correct_operator(node: exp.Expr, types: OperandTypes) -> bool:
    """Cast the operands and the result of an operator so that the engine computes what Spark does.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        An operator with two operands; it is changed.
    types : OperandTypes
        The types of the tree.

    Returns
    -------
    bool
        Whether it was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If Spark refuses the types.
    """
    left, right = operands_of(node)
    left_type, right_type = types.of(left), types.of(right)
    if left_type is None or right_type is None:
        return False
    operator = OPERATORS.get(type(node), "%")
    if kind := refused_operands(operator, left_type, right_type):
        raise analysis_error(
            f"DATATYPE_MISMATCH.{kind}",
            f"The operator {operator} does not take {_name(left_type)} and {_name(right_type)}. Cast both to "
            f"one type of numbers.",
            "42K09",
        )
    numbers = number_operands(left_type, right_type)
    if numbers is None:
        return False
    if isinstance(left_type, NullType) and isinstance(right_type, NullType):
        replace_by_cast(node, LongType() if isinstance(node, exp.IntDiv) else DoubleType())
        return True
    changed = cast_operand(left, left_type, numbers[0])
    changed |= cast_operand(right, right_type, numbers[1])
    return _correct_numbers(node, types, *numbers) or changed


def _correct_numbers(node: exp.Expr, types: OperandTypes, left: DataType, right: DataType) -> bool:
    if isinstance(left, IntegralType) and isinstance(right, IntegralType):
        return isinstance(node, _CHECKED) and _check_integers(node, types)
    if isinstance(left, FloatType) and isinstance(right, FloatType):
        return False
    if as_decimal(left) is None or as_decimal(right) is None:
        return _as_doubles(node, left, right)
    return _correct_decimals(node, left, right)


def _name(operand: DataType) -> str:
    return operand.simpleString().upper()


def _as_doubles(node: exp.Expr, left: DataType, right: DataType) -> bool:
    """Cast a FLOAT or a DECIMAL beside another number to DOUBLE."""
    one, other = operands_of(node)
    if not isinstance(node, exp.Anonymous) and FloatType not in (type(left), type(right)):
        return False
    changed = cast_operand(one, left, DoubleType())
    return cast_operand(other, right, DoubleType()) or changed


# ---- DECIMAL ---------------------------------------------------------------------------------------
def _correct_decimals(node: exp.Expr, left: DataType, right: DataType) -> bool:
    one, other = operands_of(node)
    left_type, right_type = beside(one, left, right), beside(other, right, left)
    operator = OPERATORS.get(type(node), "%")
    result = arithmetic_type(operator, left_type, right_type)
    one_decimal, other_decimal = as_decimal(left_type), as_decimal(right_type)
    if not isinstance(result, DecimalType) or one_decimal is None or other_decimal is None:
        return False
    if isinstance(node, exp.Div):
        _divide(node, one_decimal, other_decimal, result)
        return True
    is_call = isinstance(node, exp.Anonymous)
    changed = cast_operand(one, left, one_decimal) if is_call or left != left_type else False
    if is_call or right != right_type:
        changed |= cast_operand(other, right, other_decimal)
    if is_call:
        replace_by_cast(node, result)
        return True
    if _unadjusted_precision(operator, one_decimal, other_decimal) <= _MAX_PRECISION:
        return changed
    scale = max(one_decimal.scale, other_decimal.scale)
    if isinstance(node, exp.Mul):
        scale = one_decimal.scale + other_decimal.scale
    if scale == result.scale:  # a cast to the same type would not count the digits
        _limit_digits(node, result)
    else:
        replace_by_cast(node, result)
    return True


def _limit_digits(node: exp.Expr, result: DecimalType) -> None:
    """Raise an error for a value of more than 38 digits, which the engine keeps."""
    integral = "9" * (_MAX_PRECISION - result.scale)
    largest = exp.Literal.number(f"{integral}.{'9' * result.scale}" if result.scale else integral)
    error = exp.Literal.string(
        "[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION] The value cannot be represented as a "
        f"{result.simpleString().upper()}. SQLSTATE: 22003"
    )
    size = exp.Anonymous(this="abs", expressions=[exp.paren(node.copy(), copy=False)])
    raised = exp.Anonymous(this="raise_error", expressions=[error])
    case = exp.Case(
        ifs=[
            exp.If(
                this=exp.GT(this=size, expression=largest),
                true=exp.Cast(
                    this=raised, to=exp.DataType.build(result.simpleString(), dialect="databricks")
                ),
            )
        ]
    )
    node.replace(case)
    case.set("default", node)


def _unadjusted_precision(operator: str, left: DecimalType, right: DecimalType) -> int:
    if operator == "*":
        return left.precision + right.precision + 1
    scale = max(left.scale, right.scale)
    integral = (left.precision - left.scale, right.precision - right.scale)
    return scale + (min(integral) if operator == "%" else max(integral) + 1)


def _divide(node: exp.Expr, left: DecimalType, right: DecimalType, result: DecimalType) -> None:
    """Compute the quotient with one digit more than the result has: the engine cuts digits off, the cast rounds.

    The engine's quotient has 4 digits more behind the point than the dividend.
    """
    one, other = operands_of(node)
    scale = max(left.scale, result.scale - 3)
    precision = min(left.precision - left.scale + scale, _MAX_PRECISION)
    cast_operand(one, None, DecimalType(precision, min(scale, precision)))
    cast_operand(other, None, right)
    replace_by_cast(node, result)


# ---- integers --------------------------------------------------------------------------------------
def _check_integers(node: exp.Expr, types: OperandTypes) -> bool:
    result = types.of(node)
    if result is None or _fits(value_range(node, types), result):
        return False
    if node.parent is not None and is_checked(node.parent):  # a plan that was corrected before
        return False
    wide = _EXACT if isinstance(result, LongType) else LongType()
    for operand in operands_of(node):
        cast_operand(operand, None, wide)
    replace_by_cast(node, result)
    return True


def _fits(values: Range | None, number: DataType) -> bool:
    bits = _BITS.get(type(number))
    if values is None or bits is None:
        return False
    return bool(-(2**bits) <= values[0] and values[1] < 2**bits)


def value_range(node: exp.Expr, types: OperandTypes) -> Range | None:
    """Return the smallest and the largest value that an integer expression may have.

    Parameters
    ----------
    node : sqlglot.exp.Expr
    types : OperandTypes
        The types of the tree.

    Returns
    -------
    tuple of two int, or None
        None if it is no integer.
    """
    node = bare(node)
    if isinstance(node, exp.Literal) and not node.is_string and node.is_int:
        return int(node.name), int(node.name)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal):
        return value_range(node.this, types)
    if isinstance(node, exp.Neg):
        values = value_range(node.this, types)
        return None if values is None else (-values[1], -values[0])
    if isinstance(node, _CHECKED):
        return _combined(node, value_range(node.this, types), value_range(node.expression, types))
    if isinstance(node, exp.Mod) and (divisor := value_range(node.expression, types)):
        largest = max(abs(divisor[0]), abs(divisor[1])) - 1
        return -largest, largest
    kind = types.of(node)
    bits = None if kind is None else _BITS.get(type(kind))
    return None if bits is None else (-(2**bits), 2**bits - 1)


def _combined(node: exp.Expr, left: Range | None, right: Range | None) -> Range | None:
    if left is None or right is None:
        return None
    if isinstance(node, exp.Add):
        return left[0] + right[0], left[1] + right[1]
    if isinstance(node, exp.Sub):
        return left[0] - right[1], left[1] - right[0]
    products = [one * other for one in left for other in right]
    return min(products), max(products)


def is_checked(node: exp.Expr) -> bool:
    """Return whether a cast checks an operator of the user's for overflow, and is none of the user's.

    Parameters
    ----------
    node : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> is_checked(parse_expression("CAST(CAST(a AS BIGINT) + CAST(b AS BIGINT) AS INT)"))
    True
    >>> is_checked(parse_expression("CAST(a + b AS INT)"))
    False
    """
    if not isinstance(node, exp.Cast) or not isinstance(cast_type(node), IntegralType):
        return False
    wide = _EXACT if isinstance(cast_type(node), LongType) else LongType()
    inner = node.this
    while isinstance(inner, exp.Window | exp.Filter):
        inner = inner.this
    if isinstance(inner, exp.Anonymous) and str(inner.name).lower() == "sum":
        return any(cast_type(part) == wide for part in inner.find_all(exp.Cast))
    return isinstance(inner, _CHECKED) and all(
        cast_type(operand) == wide for operand in operands_of(inner)
    )


def integer_name(node: exp.Cast) -> str:
    """Return the name of the type that a cast names, in upper case.

    Parameters
    ----------
    node : sqlglot.exp.Cast

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> integer_name(parse_expression("x::INTEGER"))
    'INT'
    """
    kind = cast_type(node)
    return kind.simpleString().upper() if kind is not None else ""
