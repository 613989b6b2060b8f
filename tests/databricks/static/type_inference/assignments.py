"""Assign values to the targets of statements, loops and comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .annotations import item_of
from .interpreter import Interpreter
from .values import PLAIN, CourseObject, ListOf, Scope, TupleOf, most_specific


def assign(interpreter: Interpreter, target: ast.expr, value: Any, scope: Scope) -> None:
    """Assign a value to a name, to each part of a tuple, or to an attribute."""
    handler = _TARGETS.get(type(target))
    if handler is not None:
        handler(interpreter, target, value, scope)


def _assign_name(interpreter: Interpreter, target: ast.Name, value: Any, scope: Scope) -> None:
    before = scope.get(target.id, PLAIN)
    scope[target.id] = most_specific([value, before]) if interpreter.branches else value


def _assign_parts(
    interpreter: Interpreter, target: ast.Tuple | ast.List, value: Any, scope: Scope
) -> None:
    exact = isinstance(value, TupleOf) and len(value.items) == len(target.elts)
    for position, part in enumerate(target.elts):
        item = value.items[position] if exact else item_of(value)
        assign(interpreter, part, item, scope)


def _assign_starred(
    interpreter: Interpreter, target: ast.Starred, value: Any, scope: Scope
) -> None:
    assign(interpreter, target.value, ListOf(value), scope)


def _assign_attribute(
    interpreter: Interpreter, target: ast.Attribute, value: Any, scope: Scope
) -> None:
    owner = interpreter.value(target.value, scope)
    if isinstance(owner, CourseObject) and value is not PLAIN:
        owner.cls.scope.maps[0].setdefault(target.attr, value)


def _assign_item(interpreter: Interpreter, target: ast.Subscript, value: Any, scope: Scope) -> None:
    interpreter.value(target.value, scope)


_TARGETS: dict[type[ast.expr], Callable[[Interpreter, Any, Any, Scope], None]] = {
    ast.Name: _assign_name,
    ast.Tuple: _assign_parts,
    ast.List: _assign_parts,
    ast.Starred: _assign_starred,
    ast.Attribute: _assign_attribute,
    ast.Subscript: _assign_item,
}
