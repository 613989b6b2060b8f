"""The types that Spark gives to the expressions of a tree.

Operators, branches and literals have the types of :mod:`lakelab.local.sql.rewrites.spark_types`, whatever the engine
makes of them. The engine is asked for the types of columns and of most calls, of all of them at once.

Tested in ``tests/local/sql/rewrites/test_coercion.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NullType,
    ShortType,
    StringType,
    TimestampNTZType,
    TimestampType,
)
from sqlglot import exp

from lakelab.local.sql.rewrites.aggregates import has_aggregate
from lakelab.local.sql.rewrites.expression_types import Types
from lakelab.local.sql.rewrites.spark_types import (
    arithmetic_type,
    average_type,
    common_type,
    negative_type,
    sum_type,
)

Operands = list[exp.Expr]

OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "div",
}
"""The arithmetic operators with two operands."""

BRANCHES: dict[str, int] = {
    "coalesce": 0,
    "nvl": 0,
    "ifnull": 0,
    "greatest": 0,
    "least": 0,
    "if": 1,
    "iff": 1,
    "nvl2": 1,
    "array": 0,
}
"""Functions whose result has the common type of their arguments -> the number of arguments before these."""

_AS_FIRST = frozenset(
    [
        "abs",
        "any_value",
        "first",
        "first_value",
        "last",
        "last_value",
        "lag",
        "lead",
        "max",
        "min",
        "nth_value",
        "nullif",
        "mode",
        "positive",
    ]
)
"""Functions whose result has the type of their first argument."""
_FIXED: dict[str, DataType] = {
    "count": LongType(),
    "count_if": LongType(),
    "row_number": IntegerType(),
    "rank": IntegerType(),
    "dense_rank": IntegerType(),
    "ntile": IntegerType(),
    "regexp_count": IntegerType(),
}
_BOOLEANS = (exp.Boolean, exp.Connector, exp.Not, exp.Predicate)
_CASTS: dict[exp.DType, DataType] = {
    exp.DType.TINYINT: ByteType(),
    exp.DType.SMALLINT: ShortType(),
    exp.DType.INT: IntegerType(),
    exp.DType.BIGINT: LongType(),
    exp.DType.FLOAT: FloatType(),
    exp.DType.DOUBLE: DoubleType(),
    exp.DType.BOOLEAN: BooleanType(),
    exp.DType.DATE: DateType(),
    exp.DType.TIMESTAMP: TimestampType(),
    exp.DType.TIMESTAMPLTZ: TimestampType(),
    exp.DType.TIMESTAMPTZ: TimestampType(),
    exp.DType.TIMESTAMPNTZ: TimestampNTZType(),
    exp.DType.TEXT: StringType(),
    exp.DType.BINARY: BinaryType(),
    exp.DType.VARBINARY: BinaryType(),
    exp.DType.NULL: NullType(),
}
_WRAPPERS = (exp.Paren, exp.Alias, exp.Filter, exp.Window, exp.IgnoreNulls, exp.RespectNulls)
_SUFFIXED = (ByteType, ShortType, LongType)
"""The types of whole numbers with a suffix, such as ``2L``."""
_MAX_INT, _MAX_BIGINT = 2**31 - 1, 2**63 - 1


class OperandTypes:
    """The types of the expressions of a tree.

    Parameters
    ----------
    types : Types
        What the engine knows.
    """

    def __init__(self, types: Types):
        self._types = types
        self._known: dict[int, DataType | None] = {}
        self._kept: list[exp.Expr] = []
        """The nodes that were asked for: the id of a node is that of no other while it lives."""

    def of(self, node: exp.Expr) -> DataType | None:
        """Return the type of an expression; None if it is not known, or not asked for.

        Parameters
        ----------
        node : sqlglot.exp.Expr
            A node of the tree.
        """
        if id(node) in self._known:
            return self._known[id(node)]
        parts = _parts(node)
        if parts is None:
            return None
        operands, rule = parts
        return rule(node, [self.of(operand) for operand in operands])

    def ask(self, nodes: Iterable[exp.Expr]) -> None:
        """Fetch from the engine the types that the types of expressions depend on.

        Parameters
        ----------
        nodes : iterable of sqlglot.exp.Expr
            Expressions of the tree.
        """
        columns: dict[int, Operands] = {}
        others: dict[tuple[int, int], Operands] = {}
        for leaf in (leaf for node in nodes for leaf in _leaves(node)):
            if id(leaf) in self._known:
                continue
            self._known[id(leaf)] = None
            self._kept.append(leaf)
            if not has_aggregate(leaf) and leaf.find_ancestor(exp.Lambda) is None:
                columns.setdefault(id(_scope(leaf)), []).append(leaf)
            else:
                others.setdefault(_clause(leaf), []).append(leaf)
        for group in columns.values():
            self._keep(group, self._types.columns(group))
        for group in others.values():
            self._keep(group, self._types.of(group))

    def _keep(self, nodes: Operands, types: list[DataType | None]) -> None:
        for node, node_type in zip(nodes, types, strict=True):
            if node_type is None and isinstance(node, exp.Column):
                node_type = self._of_alias(node)
            self._known[id(node)] = node_type

    def _of_alias(self, column: exp.Column) -> DataType | None:
        """Return the type of the result column that HAVING, QUALIFY or ORDER BY means by its alias."""
        select = column.find_ancestor(exp.Select)
        if select is None or column.table:
            return None
        for result in select.expressions:
            if isinstance(result, exp.Alias) and result.alias.lower() == column.name.lower():
                inside = any(node is column for node in result.walk())
                if not inside:
                    self.ask([result])
                    return self.of(result)
        return None


IS_DIVISOR = "is_divisor"
"""Mark of ``nullif(x, 0)`` in the place of the divisor x."""

Rule = Callable[[exp.Expr, "list[DataType | None]"], "DataType | None"]


def literal_type(node: exp.Expr) -> DataType | None:
    """Return the type of a literal; None for any other node.

    Parameters
    ----------
    node : sqlglot.exp.Expr

    Examples
    --------
    >>> literal_type(exp.Literal.number("1.50"))
    DecimalType(3,2)
    """
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return StringType()
    text = node.name.lower()
    if "e" in text:
        return DoubleType()
    digits, _, fraction = text.partition(".")
    if "." not in text:
        number = int(digits)
        if number <= _MAX_INT:
            return IntegerType()
        return LongType() if number <= _MAX_BIGINT else _decimal(len(digits), 0)
    scale = len(fraction)
    return _decimal(max(len(digits.lstrip("0")) + scale, scale, 1), scale)


def _decimal(precision: int, scale: int) -> DataType:
    return DecimalType(precision, scale) if precision <= 38 else DoubleType()


def cast_type(node: exp.Expr) -> DataType | None:
    """Return the simple type that a cast names; None for any other type or node.

    Parameters
    ----------
    node : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> cast_type(parse_expression("CAST(x AS DECIMAL(5, 2))"))
    DecimalType(5,2)
    """
    if not isinstance(node, exp.Cast) or not isinstance(node.args["to"], exp.DataType):
        return None
    to = node.args["to"]
    if to.this == exp.DType.DECIMAL:
        numbers = [int(one.name) for one in to.expressions if one.name.isdigit()]
        return DecimalType(*numbers) if numbers else DecimalType(10, 0)
    return _CASTS.get(to.this)


def bare(node: exp.Expr) -> exp.Expr:
    """Return a node without the parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _parts(node: exp.Expr) -> tuple[Operands, Rule] | None:
    """Return the operands that the type of a node depends on, and how; None if only the engine knows."""
    if (fixed := _own_type(node)) is not None:
        return [], lambda _, __: fixed
    if isinstance(node, _WRAPPERS):
        return [node.this], lambda _, types: types[0]
    if type(node) in OPERATORS:
        return [node.this, node.expression], _operator_type
    if isinstance(node, exp.Neg):
        return [node.this], lambda _, types: types[0] and negative_type(types[0])
    if isinstance(node, exp.Case):
        return case_branches(node), _common
    if isinstance(node, exp.If):
        return if_branches(node), _common
    return _call_parts(node) if isinstance(node, exp.Anonymous) else None


def _own_type(node: exp.Expr) -> DataType | None:
    if isinstance(node, exp.Null):
        return NullType()
    if isinstance(node, _BOOLEANS):
        return BooleanType()
    return literal_type(node) or cast_type(node)


def _call_parts(node: exp.Anonymous) -> tuple[Operands, Rule] | None:
    name, arguments = str(node.name).lower(), list(node.expressions)
    if name in _FIXED:
        return [], lambda _, __: _FIXED[name]
    if not arguments or isinstance(node.parent, exp.Dot):
        return None
    first = arguments[0]
    first = first.expressions[0] if isinstance(first, exp.Distinct) else first
    if name in ("datediff", "date_diff") and len(arguments) == 2:
        return [], lambda _, __: IntegerType()
    if name in BRANCHES:
        return arguments[BRANCHES[name] :], _array if name == "array" else _common
    if name in _AS_FIRST:
        return [first], lambda _, types: types[0]
    if name in ("sum", "try_sum"):
        return [first], lambda _, types: types[0] and sum_type(types[0])
    if name in ("avg", "mean", "try_avg"):
        return [first], lambda _, types: types[0] and average_type(types[0])
    if name in ("mod", "pmod") and len(arguments) == 2:
        return arguments, _operator_type
    return None


def case_branches(node: exp.Case) -> Operands:
    """Return the values that a CASE may have."""
    default = node.args.get("default")
    return [*(one.args["true"] for one in node.args["ifs"]), *([default] if default else [])]


def if_branches(node: exp.If) -> Operands:
    """Return the values that an IF may have."""
    return [branch for branch in (node.args["true"], node.args.get("false")) if branch is not None]


def _common(node: exp.Expr, types: list[DataType | None]) -> DataType | None:
    known = [one for one in types if one is not None]
    return common_type(known) if len(known) == len(types) else None


def _array(node: exp.Expr, types: list[DataType | None]) -> DataType | None:
    element = _common(node, types)
    return element and ArrayType(element)


def _operator_type(node: exp.Expr, types: list[DataType | None]) -> DataType | None:
    left, right = types
    if left is None or right is None:
        return None
    operands = [node.this, node.expression] if type(node) in OPERATORS else node.expressions
    left, right = beside(operands[0], left, right), beside(operands[1], right, left)
    return arithmetic_type(OPERATORS.get(type(node), "%"), left, right)


def beside(node: exp.Expr, own: DataType, other: DataType) -> DataType:
    """Return the type of an operand: a whole number has no more digits than it shows beside a DECIMAL.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        The operand.
    own, other : pyspark.sql.types.DataType
        Its type, and that of the other operand.

    Examples
    --------
    >>> beside(exp.convert(12), IntegerType(), DecimalType(5, 2))
    DecimalType(2,0)
    """
    node = bare(node)
    node = bare(node.this) if isinstance(node, exp.Neg) else node
    if node.meta.get(IS_DIVISOR):
        node = bare(node.expressions[0])
    if isinstance(cast_type(node), _SUFFIXED) and isinstance(node.this, exp.Literal):
        node = node.this  # 2L
    is_number = isinstance(node, exp.Literal) and not node.is_string and node.is_int
    if isinstance(other, DecimalType) and is_number:
        return DecimalType(max(len(node.name.lstrip("0")), 1), 0)
    return own


def _leaves(node: exp.Expr) -> Iterator[exp.Expr]:
    parts = _parts(node)
    if parts is None:
        yield node
        return
    for operand in parts[0]:
        yield from _leaves(operand)


def _scope(node: exp.Expr) -> exp.Expr | None:
    return node.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Merge)


def _clause(node: exp.Expr) -> tuple[int, int]:
    """Return what identifies the query and the clause of a node."""
    clause = node
    while clause.parent is not None and not isinstance(clause.parent, exp.Query | exp.DML):
        clause = clause.parent
    return id(clause.parent), id(type(clause))
