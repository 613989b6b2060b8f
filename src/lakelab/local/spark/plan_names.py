"""Result columns of DataFrames get the names that Spark gives them, where the engine names them otherwise.

The message of such a column becomes a tree, from which :mod:`lakelab.local.sql.spark_names` writes the name. All
other messages stay as they are.

Follows https://github.com/apache/spark/blob/master/sql/connect/common/src/main/protobuf/spark/connect/expressions.proto
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from pyspark.sql.connect.proto import expressions_pb2
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse_expression
from lakelab.local.sql.grammar.expressions import LITERAL, SUFFIX
from lakelab.local.sql.spark_names.engine import engine_agrees, engine_writes_call
from lakelab.local.sql.spark_names.expressions import spark_name
from lakelab.local.sql.spark_names.literals import UnknownNameError

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_BINARY: dict[str, type[exp.Expr]] = {
    "+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div, "%": exp.Mod, "div": exp.IntDiv,
    "=": exp.EQ, "==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
    "<=>": exp.NullSafeEQ, "and": exp.And, "or": exp.Or, "&": exp.BitwiseAnd, "|": exp.BitwiseOr,
    "^": exp.BitwiseXor, "<<": exp.BitwiseLeftShift, ">>": exp.BitwiseRightShift, "||": exp.DPipe,
}  # fmt: skip
_UNARY: dict[str, type[exp.Expr]] = {"not": exp.Not, "!": exp.Not, "~": exp.BitwiseNot}
_NUMBERS = ("byte", "short", "integer", "long")
_EPOCH = dt.date(1970, 1, 1)


def name_plan_columns(session: Session, plan: Any) -> None:
    """Alias the result columns of a plan that the engine names otherwise than Spark.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request; it is changed where there is such a column.
    """
    relations: set[str] | None = None
    for message in messages(plan):
        if message.DESCRIPTOR.name != "Relation":
            continue
        for column in _result_columns(message):
            if not _is_other(column, is_result=True):
                continue
            relations = relation_names(plan) if relations is None else relations
            name = plan_name(column, relations)
            if name is not None:
                named = expressions_pb2.Expression()
                named.alias.expr.CopyFrom(column)
                named.alias.name.append(name)
                column.CopyFrom(named)


def plan_name(message: Any, relations: Collection[str] = ()) -> str | None:
    """Return the name that Spark gives to an expression of a plan; None if the message does not tell it.

    Parameters
    ----------
    message : pyspark.sql.connect.proto.Expression
    relations : collection of str
        The names of the plan's relations in lower case.

    Examples
    --------
    >>> from pyspark.sql.connect.proto import Expression
    >>> message = Expression()
    >>> message.unresolved_function.function_name = "array_agg"
    >>> message.unresolved_function.arguments.add().unresolved_attribute.unparsed_identifier = "a"
    >>> plan_name(message)
    'collect_list(a)'
    """
    try:
        return spark_name(_tree(message), relations)
    except (UnknownNameError, SqlglotError):
        return None


def relation_names(plan: Any) -> set[str]:
    """Return the names that columns of a plan may have before them, in lower case."""
    names = set()
    for message in messages(plan):
        kind = message.DESCRIPTOR.name
        if kind == "SubqueryAlias":
            names.add(message.alias.lower())
        elif kind == "NamedTable":
            names.add(message.unparsed_identifier.rpartition(".")[2].strip("`").lower())
    return names


def _result_columns(relation: Any) -> Iterator[Any]:
    kind = relation.WhichOneof("rel_type")
    if kind == "project":
        yield from relation.project.expressions
    elif kind == "aggregate" and not relation.aggregate.HasField("pivot"):
        yield from relation.aggregate.grouping_expressions
        yield from relation.aggregate.aggregate_expressions


# ---- which messages the engine names otherwise ------------------------------------------------------
def _is_other(message: Any, *, is_result: bool) -> bool:
    """Return whether the engine names an expression otherwise than Spark."""
    kind = message.WhichOneof("expr_type")
    check = _OTHER.get(kind)
    return check is not None and check(message, is_result)


def _is_other_call(message: Any, is_result: bool) -> bool:
    call = getattr(message, message.WhichOneof("expr_type"))
    if not engine_writes_call(call.function_name, is_distinct=getattr(call, "is_distinct", False)):
        return True
    return any(_is_other(argument, is_result=False) for argument in call.arguments)


def _is_other_cast(message: Any, is_result: bool) -> bool:
    return not is_result or _is_other(message.cast.expr, is_result=False)


def _is_other_text(message: Any, is_result: bool) -> bool:
    if not is_result:
        return True  # a later step may rewrite the text
    try:
        tree = parse_expression(message.expression_string.expression)
    except SqlglotError:
        return False
    return not engine_agrees(tree)


_OTHER: dict[str, Callable[[Any, bool], bool]] = {
    "window": lambda message, is_result: True,
    "lambda_function": lambda message, is_result: True,
    # a column with an alias has its name; in a call, Spark writes the alias
    "alias": lambda message, is_result: not is_result,
    "cast": _is_other_cast,
    "expression_string": _is_other_text,
    "unresolved_function": _is_other_call,
    "call_function": _is_other_call,
    "unresolved_extract_value": lambda message, is_result: _is_other(
        message.unresolved_extract_value.child, is_result=False
    ),
}
"""A kind of message -> whether the engine names it otherwise."""


# ---- trees of messages -----------------------------------------------------------------------------
def _tree(message: Any) -> exp.Expr:
    kind = message.WhichOneof("expr_type")
    write = _TREES.get(kind)
    if write is None:
        raise UnknownNameError(f"no name of {kind}")
    return write(getattr(message, kind))


def _attribute(attribute: Any) -> exp.Expr:
    tree = parse_expression(attribute.unparsed_identifier)
    if not isinstance(tree, exp.Column | exp.Dot):
        raise UnknownNameError(attribute.unparsed_identifier)
    return tree


def _star(star: Any) -> exp.Expr:
    if star.unparsed_target:
        raise UnknownNameError(star.unparsed_target)
    return exp.Star()


def _call(call: Any) -> exp.Expr:
    name = call.function_name
    lower = name.lower()
    arguments = [_tree(argument) for argument in call.arguments]
    if getattr(call, "is_distinct", False):
        arguments = [exp.Distinct(expressions=arguments)]
    if lower in _BINARY and len(arguments) == 2:
        return _BINARY[lower](this=arguments[0], expression=arguments[1])
    if lower in _UNARY:
        return _UNARY[lower](this=arguments[0])
    if lower == "in":
        return exp.In(this=arguments[0], expressions=arguments[1:])
    if lower == "when":
        pairs = zip(arguments[0::2], arguments[1::2], strict=False)
        return exp.Case(
            ifs=[exp.If(this=condition, true=value) for condition, value in pairs],
            default=arguments[-1] if len(arguments) % 2 else None,
        )
    return exp.Anonymous(this=name, expressions=arguments)


def _cast(cast: Any) -> exp.Expr:
    text = cast.type_str or proto_schema_to_pyspark_data_type(cast.type).simpleString()
    to = exp.DataType.build(text, dialect="databricks")
    is_try = cast.eval_mode == expressions_pb2.Expression.Cast.EVAL_MODE_TRY
    return (exp.TryCast if is_try else exp.Cast)(this=_tree(cast.expr), to=to)


def _alias(alias: Any) -> exp.Expr:
    (name,) = alias.name
    return exp.Alias(this=_tree(alias.expr), alias=exp.to_identifier(name, quoted=True))


def _lambda(function: Any) -> exp.Expr:
    variables = [exp.to_identifier(variable.name_parts[0]) for variable in function.arguments]
    return exp.Lambda(this=_tree(function.function), expressions=variables)


def _item(extract: Any) -> exp.Expr:
    literal = extract.extraction.literal
    if literal.WhichOneof("literal_type") == "string":
        raise UnknownNameError("a field, or a value of a map")
    return exp.Bracket(this=_tree(extract.child), expressions=[_tree(extract.extraction)])


def _window(window: Any) -> exp.Expr:
    node = exp.Window(this=_tree(window.window_function))
    node.set("partition_by", [_tree(part) for part in window.partition_spec])
    if window.order_spec:
        node.set("order", exp.Order(expressions=[_ordered(order) for order in window.order_spec]))
    frame = window.frame_spec
    if frame.frame_type:
        rows = expressions_pb2.Expression.Window.WindowFrame.FRAME_TYPE_ROW
        start, start_side = _bound(frame.lower, "PRECEDING")
        end, end_side = _bound(frame.upper, "FOLLOWING")
        node.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS" if frame.frame_type == rows else "RANGE",
                start=start, start_side=start_side, end=end, end_side=end_side,
            ),
        )  # fmt: skip
    return node


def _ordered(order: Any) -> exp.Expr:
    sort = expressions_pb2.Expression.SortOrder
    return exp.Ordered(
        this=_tree(order.child),
        desc=order.direction == sort.SORT_DIRECTION_DESCENDING,
        nulls_first=order.null_ordering == sort.SORT_NULLS_FIRST,
    )


def _bound(boundary: Any, side: str) -> tuple[Any, str | None]:
    if boundary.current_row:
        return "CURRENT ROW", None
    if boundary.unbounded:
        return "UNBOUNDED", side
    return _tree(boundary.value), "FOLLOWING"


def _literal(literal: Any) -> exp.Expr:
    kind = literal.WhichOneof("literal_type")
    value = getattr(literal, kind)
    if kind == "string":
        return exp.Literal.string(value)
    if kind in _NUMBERS:
        return exp.Literal(this=str(value), is_string=False)
    if kind == "decimal":
        return exp.Literal(this=value.value, is_string=False)
    if kind in ("double", "float"):
        return _typed(exp.Literal(this=repr(value), is_string=False), kind.upper(), SUFFIX)
    if kind == "boolean":
        return exp.Boolean(this=value)
    if kind in ("null", "data_type"):
        return exp.Null()
    if kind == "date":
        day = _EPOCH + dt.timedelta(days=value)
        return _typed(exp.Literal.string(day.isoformat()), "DATE", LITERAL)
    if kind == "binary":
        return exp.HexString(this=value.hex())
    raise UnknownNameError(f"no name of {kind}")


def _typed(value: exp.Expr, kind: str, mark: str) -> exp.Expr:
    cast = exp.Cast(this=value, to=exp.DataType.build(kind))
    cast.meta[mark] = True
    return cast


_TREES: dict[str, Callable[[Any], exp.Expr]] = {
    "literal": _literal,
    "unresolved_attribute": _attribute,
    "unresolved_star": _star,
    "unresolved_function": _call,
    "call_function": _call,
    "expression_string": lambda text: parse_expression(text.expression),
    "cast": _cast,
    "alias": _alias,
    "lambda_function": _lambda,
    "unresolved_named_lambda_variable": lambda variable: exp.to_identifier(variable.name_parts[0]),
    "unresolved_extract_value": _item,
    "window": _window,
}
"""A kind of message -> what makes a tree of it."""
