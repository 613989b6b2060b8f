"""Operands and branches of different types: each is cast to the type that Spark gives them.

The engine has rules of its own: it compares a DECIMAL and a DOUBLE as DECIMAL(30, 15), gives a CASE the type of its
first branch, and takes a text beside a number for either.

Follows https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#type-coercion
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyspark.sql.types import (
    AtomicType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    NullType,
    NumericType,
    StringType,
    TimestampNTZType,
    TimestampType,
)
from sqlglot import exp

from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.arithmetic import correct_operator, operands_of
from lakelab.local.sql.rewrites.casts import cast_operand
from lakelab.local.sql.rewrites.expression_types import Types
from lakelab.local.sql.rewrites.operand_types import (
    BRANCHES,
    Operands,
    OperandTypes,
    bare,
    case_branches,
    if_branches,
    literal_type,
)
from lakelab.local.sql.rewrites.scopes import parts_of, scopes
from lakelab.local.sql.rewrites.set_operations import coerce_branches
from lakelab.local.sql.rewrites.spark_types import common_type
from lakelab.local.sql.rewrites.sums import correct_aggregate, summed
from lakelab.local.sql.rewrites.typed_calls import correct_result

_COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ, exp.NullSafeEQ)
_TIMES = (DateType, TimestampType, TimestampNTZType)
_WITH_TYPED_NULLS = ("coalesce", "ifnull", "nvl")
_WITHOUT_TEXTS = ("greatest", "least")
_DIFFERENT = "DATATYPE_MISMATCH.DATA_DIFF_TYPES"
_COMPARED = "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES"
_INLINE_TABLE = "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE"


@dataclass(frozen=True)
class Group:
    """Expressions that get one type.

    Attributes
    ----------
    operands : list of sqlglot.exp.Expr
    condition : str
        The error condition if Spark refuses their types.
    is_value : bool
        Whether the type is that of a value; else they are only compared.
    takes_texts : bool
        Whether a text beside another type is cast.
    casts_nulls : bool
        Whether the engine needs a cast of NULL, too.
    """

    operands: Operands
    condition: str = _DIFFERENT
    is_value: bool = True
    takes_texts: bool = True
    casts_nulls: bool = False

    def may_mix(self, types: OperandTypes) -> bool:
        """Return whether the operands may need a cast, as far as their text tells.

        Parameters
        ----------
        types : OperandTypes
            The types that are known without the engine.
        """
        known = [types.of(node) for node in self.operands]
        if None not in known:
            return True
        others = [kind for kind in known if kind is not None and not isinstance(kind, NullType)]
        if self.casts_nulls and len(others) < len(known) - known.count(None):
            return len(known) > 1
        if self.is_value:
            return len(others) + known.count(None) > 1
        suspects = [
            node
            for node, kind in zip(self.operands, known, strict=True)
            if kind is None or _is_suspect(node, kind)
        ]
        return len(suspects) > 1


def _is_suspect(node: exp.Expr, kind: DataType) -> bool:
    """Return whether the engine may compare a known value wrongly with a value of an unknown type."""
    literal = bare(node)
    if isinstance(literal, exp.Neg):
        literal = bare(literal.this)
    if isinstance(kind, StringType) and literal_type(literal) is not None:
        # a number with a point, or a word for a BOOLEAN
        return "." in literal.name or literal.name.strip().lower() in _BOOLEAN_WORDS
    return isinstance(kind, DecimalType | FloatType | DoubleType | StringType)


_BOOLEAN_WORDS = frozenset(["true", "false", "t", "f", "y", "n", "yes", "no"])


def coerce_operands(tree: exp.Expr, types: Types) -> bool:
    """Cast operands to the types that Spark gives them.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed. It must not be an operator itself.
    types : Types
        What the engine knows of the types of its expressions.

    Returns
    -------
    bool
        Whether the tree was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If Spark refuses the types beside each other.
    """
    changed = False
    results: dict[int, list[DataType]] = {}
    for scope in scopes(
        tree
    ):  # the inner queries first: the types of the outer ones depend on them
        changed |= _coerce_scope(scope, types)
        if isinstance(scope, exp.SetOperation):
            changed |= coerce_branches(scope, types, results)
    return changed


def _coerce_scope(scope: exp.Expr, types: Types) -> bool:
    nodes = [node for node in parts_of(scope) if not _is_assignment(node)]
    known = OperandTypes(types)
    wanted: Operands = []
    for node in nodes:
        operands = operands_of(node)
        if operands and None in (known.of(operand) for operand in operands):
            wanted += operands
        number = summed(node)
        if isinstance(node, exp.BitwiseNot):
            wanted.append(node.this)
        wanted += [] if number is None else [number]
        wanted += [one for group in _groups(node) if group.may_mix(known) for one in group.operands]
    known.ask(wanted)
    changed = False
    for node in reversed(nodes):  # the innermost first
        for group in _groups(node):
            changed |= _coerce(group, known)
        if operands_of(node):
            changed |= correct_operator(node, known)
        elif summed(node) is not None:
            changed |= correct_aggregate(node, known)
        else:
            changed |= correct_result(node, known)
    return changed


def _is_assignment(node: exp.Expr) -> bool:
    return isinstance(node, exp.EQ) and isinstance(node.parent, exp.Update)


def _coerce(group: Group, types: OperandTypes) -> bool:
    found = [types.of(node) for node in group.operands]
    known = [kind for kind in found if kind is not None]
    if len(known) < len(found) or len({kind.simpleString() for kind in known}) < 2:
        return False
    target = _target(group, known)
    if target is None:
        return False
    casts = [
        cast_operand(
            node, None if group.casts_nulls and isinstance(kind, NullType) else kind, target
        )
        for node, kind in zip(group.operands, known, strict=True)
    ]
    return any(casts)


def _target(group: Group, known: list[DataType]) -> DataType | None:
    """Return the type to cast operands to; None if the engine is right about them."""
    if not group.is_value and not _is_compared_wrongly(group, known):
        return None
    target = common_type(known)
    texts = [isinstance(kind, StringType) for kind in known if not isinstance(kind, NullType)]
    mixes_texts = any(texts) and not all(texts)
    if target is not None and (group.takes_texts or not mixes_texts):
        return target
    if all(isinstance(kind, AtomicType | NullType) for kind in known):
        names = ", ".join(dict.fromkeys(kind.simpleString().upper() for kind in known))
        raise analysis_error(
            group.condition,
            f"The types {names} do not fit to each other. Cast the values to one type.",
            "42000" if group.condition == _INLINE_TABLE else "42K09",
        )
    return None


def _is_compared_wrongly(group: Group, known: list[DataType]) -> bool:
    kinds = [kind for kind in known if not isinstance(kind, NullType)]
    if any(isinstance(kind, StringType) for kind in kinds):
        others = [kind for kind in kinds if not isinstance(kind, StringType)]
        times = all(isinstance(kind, _TIMES) for kind in others)
        return bool(others) and not (times and len(group.operands) == 2)
    if any(isinstance(kind, FloatType | DoubleType) for kind in kinds):
        return True
    is_number = [isinstance(kind, NumericType | BooleanType) for kind in kinds]
    return any(is_number) and not all(isinstance(kind, NumericType) for kind in kinds)


def _groups(node: exp.Expr) -> Iterator[Group]:
    """Yield the expressions that get one type, of one node."""
    for kind, read in _READERS.items():
        if isinstance(node, kind):
            yield from read(node)
            return


def _compared(*operands: exp.Expr) -> Group:
    condition = _COMPARED if len(operands) == 2 else _DIFFERENT
    return Group(list(operands), condition, is_value=False)


def _comparison(node: exp.Expr) -> Iterator[Group]:
    if not any(
        isinstance(bare(one), exp.Tuple | exp.Query) for one in (node.this, node.expression)
    ):
        yield _compared(node.this, node.expression)


def _between(node: exp.Expr) -> Iterator[Group]:
    yield Group([node.this, node.args["low"], node.args["high"]], _COMPARED, is_value=False)


def _in(node: exp.Expr) -> Iterator[Group]:
    if node.expressions and not isinstance(bare(node.this), exp.Tuple):
        yield Group([node.this, *node.expressions], is_value=False)


def _case(node: exp.Expr) -> Iterator[Group]:
    if isinstance(node, exp.Case):
        yield Group(case_branches(node))
        if node.this:
            yield _compared(node.this, *(one.this for one in node.args["ifs"]))


def _if(node: exp.Expr) -> Iterator[Group]:
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        yield Group(if_branches(node))


def _call(node: exp.Expr) -> Iterator[Group]:
    name, arguments = str(node.name).lower(), list(node.expressions)
    if name in BRANCHES:
        yield Group(
            arguments[BRANCHES[name] :],
            takes_texts=name not in _WITHOUT_TEXTS,
            casts_nulls=name in _WITH_TYPED_NULLS,
        )
    elif name == "concat" and any(map(_is_array, arguments)):
        yield Group(arguments)
    elif name == "map" and len(arguments) % 2 == 0:
        yield Group(arguments[0::2])
        yield Group(arguments[1::2])
    elif name == "nullif" and len(arguments) == 2:
        yield _compared(*arguments)


def _is_array(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.name).lower() == "array"


def _values(node: exp.Expr) -> Iterator[Group]:
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    if len({len(row) for row in rows}) == 1:
        for column in zip(*rows, strict=True):
            yield Group(list(column), _INLINE_TABLE, takes_texts=False)


_READERS: dict[
    type[exp.Expr] | tuple[type[exp.Expr], ...], Callable[[exp.Expr], Iterator[Group]]
] = {
    _COMPARISONS: _comparison,
    exp.Between: _between,
    exp.In: _in,
    exp.Case: _case,
    exp.If: _if,
    exp.Anonymous: _call,
    exp.Values: _values,
}
