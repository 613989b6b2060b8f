"""Evaluate calls: on the packages, on the course's own functions, and on built-ins."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from .annotations import item_of, module_of, of_annotation
from .definitions import call_definition
from .imports import import_package_module
from .interpreter import Interpreter
from .signatures import Arguments, check_call, returned_by
from .values import (
    PLAIN,
    BoundMethod,
    CourseObject,
    Definition,
    DictOf,
    Instance,
    ListOf,
    PackageMember,
    Scope,
    TupleOf,
    Unknown,
    in_packages,
    most_specific,
)


def call(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Any:
    """Evaluate a call: check it if the packages are called, and return the value of its result."""
    function = ast.unparse(node.func)
    if function in ("import_module", "importlib.import_module"):
        module = node.args[0]
        if isinstance(module, ast.Constant) and in_packages(module.value):
            return import_package_module(interpreter, module.value, node)
    callee = interpreter.value(node.func, scope)
    arguments = _arguments(interpreter, node, scope)
    handler = _CALLEES.get(type(callee))
    if handler is not None:
        return handler(interpreter, callee, arguments, node)
    if function in ("partial", "functools.partial") and arguments.positional:
        return _partial(interpreter, arguments, node)
    if isinstance(node.func, ast.Name):
        return _call_builtin(interpreter, node.func.id, arguments)
    if callee is PLAIN and isinstance(node.func, ast.Attribute) and _is_client_method(node.func):
        interpreter.record(node, function, kind="unknown")
    return PLAIN


def _arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Arguments:
    """Evaluate the arguments of a call, in their order."""
    args = [interpreter.value(one, scope) for one in node.args]
    keywords: dict[str, Any] = {}
    open_ended = any(isinstance(one, ast.Starred) for one in node.args)
    for keyword in node.keywords:
        value = interpreter.value(keyword.value, scope)
        if keyword.arg:
            keywords[keyword.arg] = value
            continue
        open_ended = True
        if isinstance(value, DictOf):
            keywords |= value.entries
    return Arguments(
        positional=args,
        written_out=[
            value
            for value, one in zip(args, node.args, strict=True)
            if not isinstance(one, ast.Starred)
        ],
        keywords=keywords,
        open_ended=open_ended,
        literals=frozenset(
            f"{keyword.arg}={keyword.value.value}"
            for keyword in node.keywords
            if isinstance(keyword.value, ast.Constant)
        ),
    )


# ---- what is called --------------------------------------------------------------------------------
def _call_package(
    interpreter: Interpreter, callee: PackageMember, arguments: Arguments, node: ast.Call
) -> Any:
    module = getattr(inspect.unwrap(callee.thing), "__module__", callee.name)
    if not in_packages(module) and not in_packages(callee.name):
        return PLAIN
    check_call(interpreter, callee, arguments, node)
    for value in arguments.values():
        if isinstance(value, Definition):
            call_definition(interpreter, value, [], {}, guess=True)
    return returned_by(interpreter, callee, arguments.literals)


def _call_definition(
    interpreter: Interpreter, callee: Definition, arguments: Arguments, node: ast.Call
) -> Any:
    if not isinstance(callee.node, ast.ClassDef):
        return call_definition(interpreter, callee, arguments.positional, arguments.keywords)
    created = CourseObject(callee)
    init = callee.scope.maps[0].get("__init__")
    if isinstance(init, Definition):
        args = [created, *arguments.positional]
        call_definition(interpreter, init, args, arguments.keywords)
    return created


def _call_unknown(
    interpreter: Interpreter, callee: Unknown, arguments: Arguments, node: ast.Call
) -> Any:
    interpreter.record(node, callee.origin, kind="unknown")
    return Unknown(f"{callee.origin}()")


def _call_method(
    interpreter: Interpreter, callee: BoundMethod, arguments: Arguments, node: ast.Call
) -> Any:
    if callee.name == "dict.pop" and isinstance(node.args[0], ast.Constant):
        callee.owner.entries.pop(node.args[0].value, None)
    return _METHODS[callee.name](interpreter, callee.owner, arguments.positional)


_CALLEES: dict[type, Callable[[Interpreter, Any, Arguments, ast.Call], Any]] = {
    PackageMember: _call_package,
    Definition: _call_definition,
    BoundMethod: _call_method,
    Unknown: _call_unknown,
}


# ---- methods of dicts, lists and objects of the course ---------------------------------------------
def _partial(interpreter: Interpreter, arguments: Arguments, node: ast.Call) -> BoundMethod:
    """Check what `functools.partial` binds already, and return the function that it makes."""
    function = arguments.positional[0]
    if isinstance(function, PackageMember):
        bound = Arguments(
            positional=arguments.positional[1:],
            written_out=arguments.written_out[1:],
            keywords=arguments.keywords,
            open_ended=True,
        )
        check_call(interpreter, function, bound, node)
    return BoundMethod("partial", function)


def _call_partial(interpreter: Interpreter, function: Any, args: list[Any]) -> Any:
    if isinstance(function, PackageMember):
        return returned_by(interpreter, function)
    if isinstance(function, Definition):
        return call_definition(interpreter, function, [], {})
    return PLAIN


def _call_object_method(
    interpreter: Interpreter, method: tuple[Definition, CourseObject], args: list[Any]
) -> Any:
    definition, instance = method
    return call_definition(interpreter, definition, [instance, *args], {})


def _dict_items(interpreter: Interpreter, owner: DictOf, args: list[Any]) -> Any:
    if owner.entries:
        return TupleOf(tuple(TupleOf((PLAIN, value)) for value in owner.entries.values()))
    return ListOf(TupleOf((owner.key, owner.value)))


def _dict_value(interpreter: Interpreter, owner: DictOf, args: list[Any]) -> Any:
    return most_specific([owner.value, *args[1:]])


_METHODS: dict[str, Callable[[Interpreter, Any, list[Any]], Any]] = {
    "partial": _call_partial,
    "method": _call_object_method,
    "dict.items": _dict_items,
    "dict.keys": lambda interpreter, owner, args: ListOf(owner.key),
    "dict.values": lambda interpreter, owner, args: ListOf(owner.value),
    "dict.get": _dict_value,
    "dict.pop": _dict_value,
    "dict.setdefault": _dict_value,
    "dict.copy": lambda interpreter, owner, args: owner,
    "list.copy": lambda interpreter, owner, args: owner,
    "list.pop": lambda interpreter, owner, args: owner.item,
}


# ---- built-ins -------------------------------------------------------------------------------------
def _call_builtin(interpreter: Interpreter, name: str, arguments: Arguments) -> Any:
    """Evaluate a call of a built-in function, or of a name without a value."""
    args = arguments.positional
    key = arguments.keywords.get("key")
    if isinstance(key, Definition):
        call_definition(interpreter, key, [item_of(_first(args))], {})
    builtin = _BUILTINS.get(name)
    if builtin is not None:
        return builtin(args, arguments.keywords)
    if name in ("filter", "map") and len(args) > 1:
        return _filter_or_map(interpreter, name, args)
    for value in arguments.values():
        if isinstance(value, Definition) and isinstance(value.node, ast.Lambda):
            call_definition(interpreter, value, [], {}, guess=True)
    return PLAIN


def _first(args: list[Any]) -> Any:
    return args[0] if args else PLAIN


def _next(args: list[Any], keywords: dict[str, Any]) -> Any:
    return item_of(_first(args))


def _max(args: list[Any], keywords: dict[str, Any]) -> Any:
    return item_of(args[0]) if len(args) == 1 else most_specific(args)


def _list(args: list[Any], keywords: dict[str, Any]) -> Any:
    first = _first(args)
    return first if isinstance(first, TupleOf) else ListOf(item_of(first))


def _dict(args: list[Any], keywords: dict[str, Any]) -> Any:
    first = _first(args)
    if isinstance(first, DictOf):
        return first
    pair = item_of(first)
    if isinstance(pair, TupleOf) and len(pair.items) == 2:
        return DictOf(*pair.items)
    return DictOf(PLAIN, PLAIN, keywords)


def _zip(args: list[Any], keywords: dict[str, Any]) -> Any:
    return ListOf(TupleOf(tuple(item_of(one) for one in args)))


def _enumerate(args: list[Any], keywords: dict[str, Any]) -> Any:
    return ListOf(TupleOf((PLAIN, item_of(_first(args)))))


_BUILTINS: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    "dict": _dict,
    "enumerate": _enumerate,
    "max": _max,
    "min": _max,
    "next": _next,
    "zip": _zip,
    **dict.fromkeys(("list", "sorted", "reversed", "set", "tuple", "iter"), _list),
}


def _filter_or_map(interpreter: Interpreter, name: str, args: list[Any]) -> Any:
    mapped = PLAIN
    if isinstance(args[0], Definition):
        mapped = call_definition(interpreter, args[0], [item_of(one) for one in args[1:]], {})
    return ListOf(item_of(args[1]) if name == "filter" else mapped)


# ---- unknown receivers -----------------------------------------------------------------------------
def _is_client_method(node: ast.Attribute) -> bool:
    """Return whether a method of an unknown receiver has a name that only the clients' methods have."""
    methods, services = client_methods()
    if node.attr in methods:
        return True
    service = node.value.attr if isinstance(node.value, ast.Attribute) else ""
    return node.attr in services.get(service, ())


@cache
def client_methods() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Return the methods that only the clients have, and those of each service of the workspace client."""
    import pandas
    from databricks.feature_engineering import FeatureEngineeringClient
    from databricks.sdk import WorkspaceClient
    from mlflow import MlflowClient

    others = {*dir(pandas.DataFrame), *dir(str), *dir(dict)}
    named = {*dir(FeatureEngineeringClient), *dir(MlflowClient)} - others
    services = {}
    for name, thing in vars(WorkspaceClient).items():
        if isinstance(thing, property) and name[0] != "_":
            kind = of_annotation(
                thing.fget.__annotations__.get("return"), module_of(thing.fget), ""
            )
            if isinstance(kind, Instance):
                services[name] = frozenset(m for m in dir(kind.kind) if m[0] != "_")
    return frozenset(name for name in named if name[0] != "_" and "_" in name), services
