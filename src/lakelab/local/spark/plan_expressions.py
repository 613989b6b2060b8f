"""Expressions of a Spark Connect plan as trees of sqlglot, and back.

A tree has the calls, the operators, the strings and whole numbers of the expression. Any other part, such as a
column, is a leaf that keeps its message.

Follows https://github.com/apache/spark/blob/master/sql/connect/common/src/main/protobuf/spark/connect/expressions.proto
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pyspark.sql.connect.proto import expressions_pb2
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type
from sqlglot import exp

from lakelab.local.sql.dialect import to_sql

_OPERATORS: dict[str, type[exp.Expr]] = {
    ">": exp.GT,
    ">=": exp.GTE,
    "<": exp.LT,
    "<=": exp.LTE,
    "==": exp.EQ,
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<=>": exp.NullSafeEQ,
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "/": exp.Div,
    "%": exp.Mod,
    "and": exp.And,
    "or": exp.Or,
}
_NAMES = {kind: name for name, kind in _OPERATORS.items() if name != "="}
_NUMBERS = ("byte", "short", "integer", "long")


class PlanLeaf(exp.Expression, exp.Condition):
    """A part of a plan that no rule looks into; `this` is its message."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}

    @property
    def message(self) -> Any:
        """The message of the expression."""
        return self.args["this"]


class PlanWindow(exp.Window):
    """A window function; `spec` is the message with its partitions, order and frame.

    `order` is there if it has an order.
    """

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "spec": True, "order": False}


def leaf_message(node: exp.Expr) -> Any:
    """Return the message of a leaf, a number among them; None for any other node."""
    if isinstance(node, exp.Cast) and node.args.get("is_literal"):
        return node.this.args["this"]
    return node.message if isinstance(node, PlanLeaf) else None


def to_tree(message: Any) -> exp.Expr:
    """Return the tree of an expression.

    Parameters
    ----------
    message : pyspark.sql.connect.proto.Expression

    Examples
    --------
    >>> from pyspark.sql.connect.proto import Expression
    >>> message = Expression()
    >>> message.unresolved_function.function_name = ">"
    >>> for number in (1, 2):
    ...     message.unresolved_function.arguments.add().literal.integer = number
    >>> to_tree(message).sql()
    '1 > 2'
    """
    kind = message.WhichOneof("expr_type")
    if kind == "unresolved_function":
        return _function_tree(message)
    if kind == "literal":
        return _literal_tree(message)
    if kind == "lambda_function":
        variables = [
            exp.to_identifier(variable.name_parts[0])
            for variable in message.lambda_function.arguments
        ]
        return exp.Lambda(this=to_tree(message.lambda_function.function), expressions=variables)
    if kind == "unresolved_named_lambda_variable":
        return exp.Identifier(this=message.unresolved_named_lambda_variable.name_parts[0])
    if kind == "window":
        order = exp.Order() if message.window.order_spec else None
        return PlanWindow(this=to_tree(message.window.window_function), spec=message, order=order)
    if kind == "alias" and len(message.alias.name) == 1 and not message.alias.metadata:
        name = exp.to_identifier(message.alias.name[0], quoted=True)
        return exp.Alias(this=to_tree(message.alias.expr), alias=name)
    if kind == "cast":
        return _cast_tree(message.cast)
    return PlanLeaf(this=message)


def _cast_tree(cast: Any) -> exp.Expr:
    name = cast.type_str or proto_schema_to_pyspark_data_type(cast.type).simpleString()
    kind = exp.TryCast if cast.eval_mode == cast.EVAL_MODE_TRY else exp.Cast
    return kind(
        this=to_tree(cast.expr),
        to=exp.DataType.build(name, "databricks"),
        # a type that has no text, such as one of a user, keeps its message
        message=cast,
    )


def _function_tree(message: Any) -> exp.Expr:
    call = message.unresolved_function
    if call.is_user_defined_function:
        return PlanLeaf(this=message)
    arguments = [to_tree(argument) for argument in call.arguments]
    if call.is_distinct:
        arguments = [exp.Distinct(expressions=arguments)]
    name = call.function_name.lower()
    if name in _OPERATORS and len(arguments) == 2:
        return _OPERATORS[name](this=arguments[0], expression=arguments[1])
    if name == "in":
        return exp.In(this=arguments[0], expressions=arguments[1:])
    if name == "when":
        ifs = [
            exp.If(this=condition, true=value)
            for condition, value in zip(arguments[0::2], arguments[1::2], strict=False)
        ]
        return exp.Case(ifs=ifs, default=arguments[-1] if len(arguments) % 2 else None)
    return exp.Anonymous(this=call.function_name, expressions=arguments)


def _literal_tree(message: Any) -> exp.Expr:
    literal = message.literal
    kind = literal.WhichOneof("literal_type")
    if kind == "string":
        return exp.Literal.string(literal.string)
    if kind == "integer":
        return exp.Literal.number(literal.integer)
    if kind == "decimal":
        return exp.Cast(
            this=PlanLeaf(this=message), to=exp.DataType.build("DECIMAL(38, 18)"), is_literal=True
        )
    if kind == "array" and literal.array.elements:
        elements = []
        for element in literal.array.elements:
            item = expressions_pb2.Expression()
            item.literal.CopyFrom(element)
            elements.append(to_tree(item))
        return exp.Anonymous(this="array", expressions=elements)
    if kind in ("double", "float"):
        return exp.Cast(
            this=PlanLeaf(this=message), to=exp.DataType.build("DOUBLE"), is_literal=True
        )
    return PlanLeaf(this=message)


def to_message(tree: exp.Expr) -> Any:
    """Return the message of a tree.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        A tree of :func:`to_tree` after a change.

    Raises
    ------
    NotImplementedError
        If a rule made a node that has no counterpart in a plan, around a part of the plan.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> to_message(parse_expression("f(1, 'a')")).unresolved_function.function_name
    'f'
    """
    if isinstance(tree, PlanLeaf):
        return tree.message
    if isinstance(tree, exp.Paren):
        return to_message(tree.this)
    message = expressions_pb2.Expression()
    if type(tree) in _NAMES:
        return _call_message(_NAMES[type(tree)], [tree.this, tree.expression])
    for kind, write in _WRITERS.items():
        if isinstance(tree, kind):
            write(tree, message)
            return message
    if any(isinstance(part, PlanLeaf | PlanWindow) for part in tree.walk()):
        raise NotImplementedError(f"no counterpart in a plan: {type(tree).__name__}")
    message.expression_string.expression = to_sql(tree)  # such as an interval of an `expr`
    return message


def _call_message(name: str, arguments: list[exp.Expr]) -> Any:
    message = expressions_pb2.Expression()
    _write_call(message, name, arguments)
    return message


def _write_call(message: Any, name: str, arguments: list[exp.Expr]) -> None:
    message.unresolved_function.function_name = name
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        message.unresolved_function.is_distinct = True
        arguments = arguments[0].expressions
    for argument in arguments:
        message.unresolved_function.arguments.add().CopyFrom(to_message(argument))


def _write_case(tree: exp.Expr, message: Any) -> None:
    arguments = [part for one in tree.args["ifs"] for part in (one.this, one.args["true"])]
    if default := tree.args.get("default"):
        arguments.append(default)
    _write_call(message, "when", arguments)


def _write_cast(tree: exp.Expr, message: Any) -> None:
    if tree.args.get("is_literal"):
        message.CopyFrom(tree.this.message)
        return
    given = tree.args.get("message")
    if given is not None:
        message.cast.CopyFrom(given)
    else:
        message.cast.type_str = tree.args["to"].sql("databricks")
        if isinstance(tree, exp.TryCast):
            message.cast.eval_mode = message.cast.EVAL_MODE_TRY
    message.cast.expr.CopyFrom(to_message(tree.this))


def _write_literal(tree: exp.Expr, message: Any) -> None:
    if tree.is_string:
        message.literal.string = tree.name
    elif tree.is_int:
        message.literal.integer = int(tree.name)
    else:
        value = tree.name
        message.literal.decimal.value = value
        scale = len(value.partition(".")[2])
        message.literal.decimal.precision = max(len(value.replace(".", "").lstrip("0")), scale, 1)
        message.literal.decimal.scale = scale


def _write_lambda(tree: exp.Expr, message: Any) -> None:
    message.lambda_function.function.CopyFrom(to_message(tree.this))
    for variable in tree.expressions:
        message.lambda_function.arguments.add().name_parts.append(variable.name)


def _write_variable(tree: exp.Expr, message: Any) -> None:
    message.unresolved_named_lambda_variable.name_parts.append(tree.name)


def _write_field(tree: exp.Expr, message: Any) -> None:
    message.unresolved_extract_value.child.CopyFrom(to_message(tree.this))
    message.unresolved_extract_value.extraction.literal.string = tree.expression.name


def _write_window(tree: exp.Expr, message: Any) -> None:
    message.CopyFrom(tree.args["spec"])
    message.window.window_function.CopyFrom(to_message(tree.this))


def _write_alias(tree: exp.Expr, message: Any) -> None:
    message.alias.name.append(tree.alias)
    message.alias.expr.CopyFrom(to_message(tree.this))


def _write_boolean(tree: exp.Expr, message: Any) -> None:
    message.literal.boolean = bool(tree.this)


def _write_null(tree: exp.Expr, message: Any) -> None:
    message.literal.null.null.SetInParent()


_WRITERS: dict[type[exp.Expr], Callable[[exp.Expr, Any], None]] = {
    exp.Anonymous: lambda tree, message: _write_call(message, tree.this, tree.expressions),
    exp.In: lambda tree, message: _write_call(message, "in", [tree.this, *tree.expressions]),
    exp.Neg: lambda tree, message: _write_call(message, "negative", [tree.this]),
    exp.Not: lambda tree, message: _write_call(message, "not", [tree.this]),
    exp.Case: _write_case,
    exp.Cast: _write_cast,
    exp.Literal: _write_literal,
    exp.Boolean: _write_boolean,
    exp.Null: _write_null,
    exp.Lambda: _write_lambda,
    exp.Identifier: _write_variable,
    exp.Dot: _write_field,
    PlanWindow: _write_window,
    exp.Alias: _write_alias,
}
