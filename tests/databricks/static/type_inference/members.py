"""Resolve attributes: of the packages, of their objects, and of what the course defines."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import types
from collections.abc import Callable
from typing import Any

from .annotations import has_attribute, module_of, of_annotation, of_docstring, of_notation
from .definitions import call_definition
from .interpreter import Interpreter
from .values import (
    PLAIN,
    BoundMethod,
    CourseModule,
    CourseObject,
    Definition,
    DictOf,
    Instance,
    ListOf,
    PackageMember,
    TupleOf,
    Unknown,
    value_of,
)

DICT_METHODS = ("items", "keys", "values", "get", "pop", "setdefault", "copy")
LIST_METHODS = ("pop", "copy")


def member_of(interpreter: Interpreter, value: Any, name: str, node: ast.AST) -> Any:
    """Return the value of an attribute, and record a finding where there is none."""
    handler = _MEMBERS.get(type(value))
    return handler(interpreter, value, name, node) if handler else PLAIN


def _of_package(interpreter: Interpreter, value: PackageMember, name: str, node: ast.AST) -> Any:
    full = f"{value.name}.{name}"
    if not hasattr(value.thing, name):
        if isinstance(value.thing, types.ModuleType):
            try:  # a submodule that is not imported yet; on Databricks something has imported it
                return PackageMember(importlib.import_module(full), full)
            except ImportError:
                pass
        interpreter.record(node, full, kind="name", wrong=f"{value.name} has no {name}")
        return PLAIN
    thing = getattr(value.thing, name)
    if name[0].isupper():
        interpreter.record(node, full, kind="name")
    bound = isinstance(value.thing, type) and inspect.ismethod(thing)
    return PackageMember(thing, full) if bound else value_of(thing, full)


def _of_instance(interpreter: Interpreter, value: Instance, name: str, node: ast.AST) -> Any:
    kind = value.kind
    full = f"{kind.__module__}.{kind.__qualname__}.{name}"
    known = _known_attribute(interpreter, kind, name)
    if known is not None:
        if not has_attribute(kind, name):
            interpreter.record(node, full, kind="name", wrong=f"{kind.__qualname__} has no {name}")
        return known
    declared = _declared_attribute(kind, name, full)
    if declared is not None:
        return declared
    if has_attribute(kind, name):
        return Unknown(full)
    interpreter.record(node, full, kind="name", wrong=f"{kind.__qualname__} has no {name}")
    return PLAIN


def _known_attribute(interpreter: Interpreter, kind: type, name: str) -> Any:
    """Return the value that `known.yaml` has for an attribute of a class, or of a base class."""
    for base in kind.__mro__:
        notation = interpreter.returns.get(f"{base.__qualname__}.{name}")
        if notation is not None and not callable(getattr(base, name, None)):
            return of_notation(notation)
    return None


def _declared_attribute(kind: type, name: str, full: str) -> Any:
    """Return the value of a property, method or annotated attribute; None if the class has none."""
    if issubclass(kind, enum.Enum) and name in ("value", "name"):
        return PLAIN
    if hasattr(kind, name):
        static = inspect.getattr_static(kind, name)
        if isinstance(static, property):
            return _of_property(static, full)
        if callable(getattr(kind, name)):
            bound = isinstance(static, types.FunctionType) or not isinstance(
                static, staticmethod | classmethod | type
            )
            return PackageMember(getattr(kind, name), full, bound=bound)
    for base in kind.__mro__:
        hint = getattr(base, "__annotations__", {}).get(name)
        if hint is not None:
            return of_annotation(hint, importlib.import_module(kind.__module__), full)
    return None


def _of_property(static: property, full: str) -> Any:
    hints = static.fget.__annotations__ if static.fget else {}
    if "return" in hints:
        return of_annotation(hints["return"], module_of(static.fget), full)
    return of_docstring(static, full)


def _of_unknown(interpreter: Interpreter, value: Unknown, name: str, node: ast.AST) -> Any:
    return Unknown(f"{value.origin}.{name}")


def _of_course_object(
    interpreter: Interpreter, value: CourseObject, name: str, node: ast.AST
) -> Any:
    member = value.cls.scope.maps[0].get(name, PLAIN)
    if isinstance(member, Definition) and isinstance(member.node, ast.FunctionDef):
        decorators = [ast.unparse(one) for one in member.node.decorator_list]
        if "property" in decorators or "cached_property" in decorators:
            return call_definition(interpreter, member, [value], {})
        return BoundMethod("method", (member, value))
    return member


def _of_dict(interpreter: Interpreter, value: DictOf, name: str, node: ast.AST) -> Any:
    return BoundMethod(f"dict.{name}", value) if name in DICT_METHODS else PLAIN


def _of_list(interpreter: Interpreter, value: ListOf | TupleOf, name: str, node: ast.AST) -> Any:
    return BoundMethod(f"list.{name}", value) if name in LIST_METHODS else PLAIN


def _of_course_module(
    interpreter: Interpreter, value: CourseModule, name: str, node: ast.AST
) -> Any:
    return value.scope.get(name, PLAIN)


_MEMBERS: dict[type, Callable[[Interpreter, Any, str, ast.AST], Any]] = {
    PackageMember: _of_package,
    Instance: _of_instance,
    Unknown: _of_unknown,
    CourseObject: _of_course_object,
    CourseModule: _of_course_module,
    DictOf: _of_dict,
    ListOf: _of_list,
    TupleOf: _of_list,
}
