"""Evaluate statements, each by the type of its node."""

from __future__ import annotations

import ast
import typing
from collections.abc import Callable
from typing import Any

from .annotations import item_of, module_of, of_annotation
from .assignments import assign
from .definitions import source_annotation
from .imports import import_module, import_name
from .interpreter import Interpreter
from .values import Definition, Instance, Scope, TupleOf, instance_of, most_specific


def evaluate(interpreter: Interpreter, node: ast.stmt, scope: Scope) -> None:
    """Evaluate a statement; of one without a handler, evaluate the parts."""
    handler = _STATEMENTS.get(type(node))
    if handler is not None:
        handler(interpreter, node, scope)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            interpreter.value(child, scope)
        elif isinstance(child, ast.stmt):
            interpreter.block([child], scope)


def _import(interpreter: Interpreter, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        import_module(interpreter, alias, node, scope)


def _import_from(interpreter: Interpreter, node: ast.ImportFrom, scope: Scope) -> None:
    for alias in node.names:
        scope[alias.asname or alias.name] = import_name(interpreter, node, alias.name)


def _assign(interpreter: Interpreter, node: ast.Assign, scope: Scope) -> None:
    value = interpreter.value(node.value, scope)
    for target in node.targets:
        assign(interpreter, target, value, scope)


def _annotated_assign(interpreter: Interpreter, node: ast.AnnAssign, scope: Scope) -> None:
    value = interpreter.value(node.value, scope)
    annotated = source_annotation(interpreter, node.annotation, scope)
    assign(interpreter, node.target, most_specific([value, annotated]), scope)


def _augmented_assign(interpreter: Interpreter, node: ast.AugAssign, scope: Scope) -> None:
    sides = [interpreter.value(node.value, scope), interpreter.value(node.target, scope)]
    assign(interpreter, node.target, most_specific(sides), scope)


def _for(interpreter: Interpreter, node: ast.For, scope: Scope) -> None:
    """Evaluate the body once for each known item, or once for all."""
    iterated = interpreter.value(node.iter, scope)
    for item in iterated.items if isinstance(iterated, TupleOf) else [item_of(iterated)]:
        assign(interpreter, node.target, item, scope)
        interpreter.branch(node.body, scope)
    interpreter.branch(node.orelse, scope)


def _while(interpreter: Interpreter, node: ast.While, scope: Scope) -> None:
    interpreter.value(node.test, scope)
    interpreter.branch(node.body + node.orelse, scope)


def _if(interpreter: Interpreter, node: ast.If, scope: Scope) -> None:
    interpreter.value(node.test, scope)
    interpreter.branch(node.body, scope)
    interpreter.branch(node.orelse, scope)


def _with(interpreter: Interpreter, node: ast.With, scope: Scope) -> None:
    for item in node.items:
        entered = _enter(interpreter.value(item.context_expr, scope))
        if item.optional_vars is not None:
            assign(interpreter, item.optional_vars, entered, scope)
    interpreter.block(node.body, scope)


def _enter(value: Any) -> Any:
    """Return what a context manager returns on entry: itself, unless an annotation differs."""
    enter = getattr(value.kind, "__enter__", None) if isinstance(value, Instance) else None
    if enter is None:
        return value
    annotation = typing.get_type_hints(enter).get("return")
    return of_annotation(annotation, module_of(enter), "") if annotation else value


def _try(interpreter: Interpreter, node: ast.Try, scope: Scope) -> None:
    interpreter.block(node.body, scope)
    for handler in node.handlers:
        kind = interpreter.value(handler.type, scope)
        if handler.name:
            scope[handler.name] = instance_of(kind.item if isinstance(kind, TupleOf) else kind)
        interpreter.branch(handler.body, scope)
    interpreter.branch(node.orelse + node.finalbody, scope)


def _function(interpreter: Interpreter, node: ast.FunctionDef, scope: Scope) -> None:
    for decorator in node.decorator_list:
        interpreter.value(decorator, scope)
    scope[node.name] = interpreter.define(node, scope)


def _class(interpreter: Interpreter, node: ast.ClassDef, scope: Scope) -> None:
    inside: Scope = scope.new_child()
    definition = Definition(node, inside, interpreter.unit)
    interpreter.block(node.body, inside)
    for member in inside.maps[0].values():
        if isinstance(member, Definition) and isinstance(member.node, ast.FunctionDef):
            member.cls = definition
    scope[node.name] = definition


def _return(interpreter: Interpreter, node: ast.Return, scope: Scope) -> None:
    value = interpreter.value(node.value, scope)
    if interpreter.returned:
        interpreter.returned[-1].append(value)


_STATEMENTS: dict[type[ast.stmt], Callable[[Interpreter, Any, Scope], None]] = {
    ast.AnnAssign: _annotated_assign,
    ast.Assign: _assign,
    ast.AugAssign: _augmented_assign,
    ast.ClassDef: _class,
    ast.For: _for,
    ast.FunctionDef: _function,
    ast.If: _if,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Return: _return,
    ast.Try: _try,
    ast.While: _while,
    ast.With: _with,
}
