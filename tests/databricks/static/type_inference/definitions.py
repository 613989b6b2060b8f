"""Evaluate functions of the course with the arguments of their callers."""

from __future__ import annotations

import ast
from typing import Any

from .annotations import of_notation
from .interpreter import Interpreter
from .values import (
    PLAIN,
    CourseObject,
    Definition,
    DictOf,
    ListOf,
    Scope,
    TupleOf,
    instance_of,
    most_specific,
)

MAX_DEPTH = 12
"""Calls within calls that are followed; a deeper one is its return annotation."""


def call_definition(
    interpreter: Interpreter,
    definition: Definition,
    args: list[Any],
    keywords: dict[str, Any],
    guess: bool = False,
) -> Any:
    """Evaluate a function or lambda of the course, and return what it returns.

    With `guess`, nobody calls it: its parameters are guessed from their names.
    """
    node = definition.node
    if not isinstance(node, ast.FunctionDef | ast.Lambda):
        return PLAIN
    annotated = (
        source_annotation(interpreter, node.returns, definition.scope)
        if isinstance(node, ast.FunctionDef)
        else PLAIN
    )
    if node in interpreter.running or len(interpreter.running) > MAX_DEPTH:
        return annotated
    interpreter.called.add(node)
    scope = _bind(interpreter, definition, node.args, args, keywords, guess)
    return most_specific([annotated, *_run(interpreter, definition, node, scope)])


def _bind(
    interpreter: Interpreter,
    definition: Definition,
    spec: ast.arguments,
    args: list[Any],
    keywords: dict[str, Any],
    guess: bool,
) -> Scope:
    """Return the scope of a function, with a value for each parameter."""
    scope: Scope = definition.scope.new_child()
    positional = [*spec.posonlyargs, *spec.args]
    for position, parameter in enumerate([*positional, *spec.kwonlyargs]):
        values = [keywords.get(parameter.arg, PLAIN)]
        if position < len(args) and position < len(positional):
            values.insert(0, args[position])
        values.append(source_annotation(interpreter, parameter.annotation, definition.scope))
        if guess and " " in definition.unit and parameter.arg in interpreter.by_name:
            values.append(of_notation(interpreter.by_name[parameter.arg]))
        scope[parameter.arg] = most_specific(values)
    if guess and definition.cls is not None and positional:
        scope[positional[0].arg] = CourseObject(definition.cls)
    if spec.vararg:
        scope[spec.vararg.arg] = ListOf(most_specific(args[len(positional) :]))
    if spec.kwarg:
        named = {one.arg for one in (*positional, *spec.kwonlyargs)}
        more = {name: value for name, value in keywords.items() if name not in named}
        scope[spec.kwarg.arg] = DictOf(PLAIN, most_specific(more.values()), more)
    return scope


def _run(
    interpreter: Interpreter,
    definition: Definition,
    node: ast.FunctionDef | ast.Lambda,
    scope: Scope,
) -> list[Any]:
    """Evaluate the body of a function; return all values that it returns or yields."""
    outer, interpreter.unit = interpreter.unit, definition.unit
    branches, interpreter.branches = interpreter.branches, 0
    interpreter.running.append(node)
    interpreter.returned.append([])
    if isinstance(node, ast.Lambda):
        interpreter.returned[-1].append(interpreter.value(node.body, scope))
    else:
        interpreter.block(node.body, scope)
    returned = interpreter.returned.pop()
    interpreter.running.pop()
    interpreter.unit, interpreter.branches = outer, branches
    return returned


def source_annotation(interpreter: Interpreter, node: ast.expr | None, scope: Scope) -> Any:
    """Return the value that an annotation in the course's own code describes."""
    match node:
        case ast.Name():
            return instance_of(scope.get(node.id, PLAIN))
        case ast.Attribute():
            return instance_of(interpreter.value_without_findings(node, scope))
        case ast.BinOp():
            sides = (node.left, node.right)
            return most_specific(source_annotation(interpreter, side, scope) for side in sides)
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, value])):
            return DictOf(
                source_annotation(interpreter, key, scope),
                source_annotation(interpreter, value, scope),
            )
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=parts)):
            return TupleOf(tuple(source_annotation(interpreter, part, scope) for part in parts))
        case ast.Subscript():
            item = source_annotation(interpreter, node.slice, scope)
            return PLAIN if item is PLAIN else ListOf(item)
        case ast.Constant(value=str() as text):
            parsed = ast.parse(text, mode="eval").body
            return source_annotation(interpreter, parsed, scope)
    return PLAIN
