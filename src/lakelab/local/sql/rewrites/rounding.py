"""``floor(x, n)``, ``ceil(x, n)`` and ``bround`` of a DECIMAL: the engine rounds half up.

The result has the type that the engine gives it, which is Spark's.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/floor
and https://docs.databricks.com/aws/en/sql/language-manual/functions/bround
"""

from __future__ import annotations

from pyspark.sql.types import (
    ByteType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    ShortType,
)
from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function, refuse_function

_AS_DECIMAL: dict[DataType, str] = {DoubleType(): "DECIMAL(30, 15)", FloatType(): "DECIMAL(14, 7)"}
"""The types as which Spark rounds fractions."""
_EXACT_DIGITS = 11
"""The most digits, before and behind the point, of a fraction that is rounded by the digits that it shows."""
_WHOLE_DIGITS = 15
"""A DOUBLE with more digits has none to round: the engine would change it."""
_RANDOM = frozenset(["rand", "randn", "random", "uniform", "normal"])


def floor_or_ceil(call: Call) -> exp.Expr | None:
    """Return the multiple of 10 to the power of -n that is next below or above."""
    value, places = call.argument(0), call.argument(1)
    if value is None or places is None:
        return None
    digits = _integer(places)
    if digits is None:
        return refuse_function(f"{call.name}(x, n)", "n must be a literal number here.")
    value_type, result_type = call.types.of([call.arguments[0], call.node])
    exact = _cast(value, _AS_DECIMAL.get(value_type) if value_type else None)
    rounded = call.node.copy()
    step = _power(-digits)
    too_far, back = (exp.GT, exp.Sub) if call.name == "floor" else (exp.LT, exp.Add)
    corrected = exp.Case(
        ifs=[
            exp.If(
                this=too_far(this=rounded, expression=exact),
                true=back(this=rounded.copy(), expression=step),
            )
        ],
        default=rounded.copy(),
    )
    return _cast(corrected, result_type.simpleString() if result_type else None)


def bround(call: Call) -> exp.Expr | None:
    """Return a DECIMAL rounded half to even; the engine is right about other types."""
    value, places = call.argument(0), call.argument(1) or exp.convert(0)
    if value is None:
        return None
    (value_type,) = call.types.of([call.arguments[0]])
    if value_type is not None and not isinstance(value_type, DecimalType):
        return _bround_number(value, places, value_type)
    digits = _integer(places)
    if digits is None or value_type is None:
        return refuse_function("bround", "The type of x must be known, and n a literal number.")
    rounded = function("round", value, places)
    step = exp.Case(
        ifs=[
            exp.If(
                this=exp.LT(this=value.copy(), expression=exp.convert(0)),
                true=exp.Neg(this=_power(-digits)),
            )
        ],
        default=_power(-digits),
    )
    distance = function("abs", exp.Sub(this=rounded.copy(), expression=value.copy()))
    is_tie = exp.EQ(
        this=exp.Mul(this=exp.convert(2), expression=distance), expression=_power(-digits)
    )
    double_step = exp.Mul(this=exp.convert(2), expression=_power(-digits))
    is_odd = exp.NEQ(
        this=exp.Mod(this=rounded.copy(), expression=exp.paren(double_step)),
        expression=exp.convert(0),
    )
    even = exp.Case(
        ifs=[
            exp.If(
                this=exp.And(this=is_tie, expression=is_odd),
                true=exp.Sub(this=rounded.copy(), expression=step),
            )
        ],
        default=rounded,
    )
    return _cast(even, _rounded_type(value_type, digits).simpleString())


def _bround_number(value: exp.Expr, places: exp.Expr, value_type: DataType) -> exp.Expr | None:
    """Return a number that is no DECIMAL rounded half to even; the engine gives it another type."""
    if isinstance(value_type, DoubleType):
        return None
    if isinstance(value_type, ByteType | ShortType):
        value = exp.cast(value, "INT")
    return _cast(function("bround", value, places), value_type.simpleString())


def round_half_up(call: Call) -> exp.Expr | None:
    """Return a fraction rounded by the digits that it shows: 1.005 to 1.01, though its bits are less than that.

    The next number, of the same 15 digits, makes up for the bits.
    """
    value, places = call.argument(0), call.argument(1)
    digits = _integer(places) if places is not None else None
    if value is None or digits is None or not 0 < digits < _EXACT_DIGITS or _is_random(value):
        return None
    (value_type,) = call.types.of([call.arguments[0]])
    if isinstance(value_type, FloatType):  # Spark rounds it as a DOUBLE, which shows more digits
        return _cast(function("round", _cast(value, "DOUBLE"), digits), "FLOAT")
    if not isinstance(value_type, DoubleType):
        return None
    value = exp.paren(value, copy=False)
    size = function("abs", value)
    following = exp.cast(exp.Literal.number("1.0000000000000002"), "DOUBLE")
    rounded = function("round", exp.Mul(this=value.copy(), expression=following), digits)
    plain = function("round", value.copy(), digits)
    branches = [(_EXACT_DIGITS, rounded), (_WHOLE_DIGITS, plain)]
    ifs = [
        exp.If(this=exp.LT(this=size.copy(), expression=_power_of_ten(shown - digits)), true=result)
        for shown, result in branches
    ]
    return exp.Case(ifs=ifs, default=value.copy())


def _power_of_ten(exponent: int) -> exp.Expr:
    return exp.cast(exp.Literal.number(f"1{'0' * exponent}.0"), "DOUBLE")


def _is_random(node: exp.Expr) -> bool:
    """Return whether a value would be another one if it were computed twice."""
    return any(str(call.name).lower() in _RANDOM for call in node.find_all(exp.Anonymous))


def _rounded_type(value_type: DecimalType, digits: int) -> DataType:
    integral = value_type.precision - value_type.scale + 1
    if digits < 0:
        return DecimalType(min(max(integral, 1 - digits), 38), 0)
    scale = min(value_type.scale, digits)
    return DecimalType(min(integral + scale, 38), scale)


def _integer(node: exp.Expr) -> int | None:
    if isinstance(node, exp.Neg):
        positive = _integer(node.this)
        return None if positive is None else -positive
    if isinstance(node, exp.Literal) and node.is_int:
        return int(node.name)
    return None


def _power(exponent: int) -> exp.Expr:
    """Return a power of 10 as a literal."""
    if exponent >= 0:
        return exp.Literal.number("1" + "0" * exponent)
    return exp.Literal.number("0." + "0" * (-exponent - 1) + "1")


def _cast(node: exp.Expr, type_name: str | None) -> exp.Expr:
    return node if type_name is None else exp.cast(node, type_name, dialect="databricks")


RULES: dict[str, Rule] = {
    "round": round_half_up,
    "floor": floor_or_ceil,
    "ceil": floor_or_ceil,
    "ceiling": floor_or_ceil,
    "bround": bround,
}
