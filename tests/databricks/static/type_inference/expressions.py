"""Evaluate expressions, each by the type of its node."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .annotations import item_of
from .assignments import assign
from .calls import call
from .interpreter import Interpreter
from .members import member_of
from .values import (
    PLAIN,
    Definition,
    DictOf,
    ListOf,
    PackageMember,
    Scope,
    TupleOf,
    Unknown,
    most_specific,
)


def evaluate(interpreter: Interpreter, node: ast.expr | None, scope: Scope) -> Any:
    """Return the value of an expression; of one without a handler, evaluate the parts."""
    if node is None or isinstance(node, ast.Constant):
        return PLAIN
    handler = _EXPRESSIONS.get(type(node))
    if handler is not None:
        return handler(interpreter, node, scope)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            interpreter.value(child, scope)
    return PLAIN


def _name(interpreter: Interpreter, node: ast.Name, scope: Scope) -> Any:
    return scope.get(node.id, PLAIN)


def _attribute(interpreter: Interpreter, node: ast.Attribute, scope: Scope) -> Any:
    return member_of(interpreter, interpreter.value(node.value, scope), node.attr, node)


def _items(
    interpreter: Interpreter, node: ast.Tuple | ast.List | ast.Set, scope: Scope
) -> ListOf | TupleOf:
    values = [interpreter.value(one, scope) for one in node.elts]
    if any(isinstance(one, ast.Starred) for one in node.elts):
        return ListOf(most_specific(values))
    return TupleOf(tuple(values))


def _starred(interpreter: Interpreter, node: ast.Starred, scope: Scope) -> Any:
    return item_of(interpreter.value(node.value, scope))


def _dict(interpreter: Interpreter, node: ast.Dict, scope: Scope) -> DictOf:
    values = [interpreter.value(value, scope) for value in node.values]
    keys = [interpreter.value(key, scope) if key else PLAIN for key in node.keys]
    pairs = list(zip(node.keys, values, strict=True))
    entries = {
        key.value: value
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    spread = [
        value.value if isinstance(value, DictOf) else PLAIN for key, value in pairs if key is None
    ]
    return DictOf(most_specific(keys), most_specific([*values, *spread]), entries)


def _comprehension(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
) -> ListOf:
    return ListOf(interpreter.value(node.elt, _loops(interpreter, node.generators, scope)))


def _dict_comprehension(interpreter: Interpreter, node: ast.DictComp, scope: Scope) -> DictOf:
    inside = _loops(interpreter, node.generators, scope)
    return DictOf(interpreter.value(node.key, inside), interpreter.value(node.value, inside))


def _loops(interpreter: Interpreter, loops: list[ast.comprehension], scope: Scope) -> Scope:
    """Return the scope inside the loops of a comprehension."""
    inside: Scope = scope.new_child()
    for loop in loops:
        item = item_of(interpreter.value(loop.iter, inside))
        assign(interpreter, loop.target, item, inside)
        for condition in loop.ifs:
            interpreter.value(condition, inside)
    return inside


def _conditional(interpreter: Interpreter, node: ast.IfExp, scope: Scope) -> Any:
    interpreter.value(node.test, scope)
    branches = (node.body, node.orelse)
    return most_specific([interpreter.value(one, scope) for one in branches])


def _and_or(interpreter: Interpreter, node: ast.BoolOp, scope: Scope) -> Any:
    return most_specific([interpreter.value(one, scope) for one in node.values])


def _operator(interpreter: Interpreter, node: ast.BinOp, scope: Scope) -> Any:
    sides = [interpreter.value(node.left, scope), interpreter.value(node.right, scope)]
    containers = [side for side in sides if isinstance(side, ListOf | TupleOf | DictOf)]
    return most_specific(containers) if isinstance(node.op, ast.Add | ast.BitOr) else PLAIN


def _named_expression(interpreter: Interpreter, node: ast.NamedExpr, scope: Scope) -> Any:
    value = interpreter.value(node.value, scope)
    assign(interpreter, node.target, value, scope)
    return value


def _lambda(interpreter: Interpreter, node: ast.Lambda, scope: Scope) -> Definition:
    return interpreter.define(node, scope)


def _yield(interpreter: Interpreter, node: ast.Yield, scope: Scope) -> Any:
    if interpreter.returned and node.value is not None:
        interpreter.returned[-1].append(ListOf(interpreter.value(node.value, scope)))
    return PLAIN


# ---- subscripts ------------------------------------------------------------------------------------
def _subscript(interpreter: Interpreter, node: ast.Subscript, scope: Scope) -> Any:
    interpreter.value(node.slice, scope)
    value = interpreter.value(node.value, scope)
    handler = _SUBSCRIPTS.get(type(value))
    return handler(value, node.slice) if handler else PLAIN


def _dict_entry(value: DictOf, index: ast.expr) -> Any:
    if isinstance(index, ast.Constant) and index.value in value.entries:
        return value.entries[index.value]
    return value.value


def _tuple_item(value: TupleOf, index: ast.expr) -> Any:
    if isinstance(index, ast.Slice):
        return ListOf(value.item)
    place = index.value if isinstance(index, ast.Constant) else None
    if isinstance(place, int) and -len(value.items) <= place < len(value.items):
        return value.items[place]
    return value.item


def _list_item(value: ListOf, index: ast.expr) -> Any:
    return value if isinstance(index, ast.Slice) else value.item


def _unknown_item(value: Unknown, index: ast.expr) -> Any:
    return Unknown(f"{value.origin}[...]")


def _generic_class(value: PackageMember, index: ast.expr) -> Any:
    """Return the class itself, as in `PagedList[Run]`."""
    return value


_SUBSCRIPTS: dict[type, Callable[[Any, ast.expr], Any]] = {
    DictOf: _dict_entry,
    ListOf: _list_item,
    PackageMember: _generic_class,
    TupleOf: _tuple_item,
    Unknown: _unknown_item,
}

_EXPRESSIONS: dict[type[ast.expr], Callable[[Interpreter, Any, Scope], Any]] = {
    ast.Attribute: _attribute,
    ast.BinOp: _operator,
    ast.BoolOp: _and_or,
    ast.Call: call,
    ast.Dict: _dict,
    ast.DictComp: _dict_comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.List: _items,
    ast.ListComp: _comprehension,
    ast.Name: _name,
    ast.NamedExpr: _named_expression,
    ast.Set: _items,
    ast.SetComp: _comprehension,
    ast.Starred: _starred,
    ast.Subscript: _subscript,
    ast.Tuple: _items,
    ast.Yield: _yield,
}
