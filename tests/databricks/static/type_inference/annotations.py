"""Types from what the packages' annotations and docstrings state."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterable
from typing import Any

from .values import (
    PLAIN,
    DictOf,
    Instance,
    ListOf,
    TupleOf,
    Unknown,
    in_packages,
    most_specific,
)


def of_annotation(annotation: Any, module: types.ModuleType | None, origin: str) -> Any:
    """Return the value that an annotation describes."""
    if isinstance(annotation, str):
        annotation = _resolve(annotation, module)
        if annotation is None:
            return Unknown(origin)
    if annotation is typing.Any or annotation is inspect.Parameter.empty:
        return Unknown(origin)
    if typing.get_origin(annotation) is not None:
        return _of_generic(annotation, module, origin)
    if isinstance(annotation, typing.ForwardRef):
        return of_annotation(annotation.__forward_arg__, module, origin)
    if isinstance(annotation, type) and in_packages(annotation.__module__):
        return Instance(annotation)
    return PLAIN


def _of_generic(annotation: Any, module: types.ModuleType | None, origin: str) -> Any:
    """Return the value that a union, or a container with parameters, describes."""
    kind, inside = typing.get_origin(annotation), typing.get_args(annotation)
    values = [of_annotation(one, module, origin) for one in inside if one is not ...]
    if kind in (typing.Union, types.UnionType):
        return most_specific(values)
    if isinstance(kind, type) and issubclass(kind, dict) and len(values) == 2:
        return DictOf(*values)
    if kind is tuple and ... not in inside:
        return TupleOf(tuple(values))
    if isinstance(kind, type) and issubclass(kind, Iterable) and values:
        return ListOf(values[0])
    return PLAIN


def _resolve(text: str, module: types.ModuleType | None) -> Any:
    """Evaluate an annotation that is a string, in its module; None if it cannot be evaluated."""
    names = dict(vars(typing)) | dict(vars(builtins)) | (vars(module) if module else {})
    for more in ({}, _entities()):
        try:
            return eval(text, names | more)
        except Exception:  # noqa: BLE001 - a name that is only imported for type checkers
            continue
    return None


def _entities() -> dict[str, Any]:
    """Return MLflow's entities by their short names."""
    found: dict[str, Any] = {}
    for name in ("mlflow.entities", "mlflow.entities.model_registry", "mlflow.models.model"):
        found |= {k: v for k, v in vars(importlib.import_module(name)).items() if k[0] != "_"}
    return found


def of_docstring(thing: Any, origin: str) -> Any:
    """Return the value that MLflow's docstrings describe as returned, where no annotation does."""
    text = inspect.getdoc(thing) or ""
    if "eturn" in text[:12]:
        returns = text
    else:
        returns = "".join(re.findall(r"(?ims)^\s*:?returns?:(.*?)(?=^\S|\Z)", text))
    if not returns.strip():
        return Unknown(origin)
    linked = re.search(r":py:class:`~?(mlflow[\w.]+?)(?:\s*<.*?>)?`", returns)
    kind = _class_named(linked[1]) if linked else None
    if kind is not None:
        several = re.match(r"(?is)[^`]{0,40}\b(list|iterator)\b", returns.strip())
        return ListOf(Instance(kind)) if several else Instance(kind)
    if re.match(
        r"(?i)\W*(returns? )?(\w+ )?(string|str|int|integer|bool|none|dict|list)\b", returns
    ):
        return PLAIN
    return Unknown(origin)


def _class_named(full_name: str) -> type | None:
    module, _, name = full_name.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        kind = _entities().get(name)
    return kind if isinstance(kind, type) else None


def of_notation(text: str) -> Any:
    """Return the value for the notation of `known.yaml`: plain, a class, list of ..., dict of ..."""
    if text == "plain":
        return PLAIN
    if text.startswith("list of "):
        return ListOf(of_notation(text.removeprefix("list of ")))
    if text.startswith("dict of "):
        return DictOf(PLAIN, of_notation(text.removeprefix("dict of ")))
    module, _, name = text.rpartition(".")
    return Instance(getattr(importlib.import_module(module), name))


def module_of(thing: Any) -> types.ModuleType | None:
    """Return the module of the packages that defines an object; None for other modules."""
    inner = inspect.unwrap(thing) if callable(thing) else thing
    name = getattr(inner, "__module__", None)
    return importlib.import_module(name) if name and in_packages(name) else None


def item_of(value: Any) -> Any:
    """Return what an iteration over a value yields."""
    match value:
        case ListOf() | TupleOf():
            return value.item
        case DictOf():
            return value.key
        case Unknown():
            return Unknown(f"{value.origin}[...]")
        case Instance() if step := getattr(value.kind, "__iter__", None):
            return item_of(
                of_annotation(
                    step.__annotations__.get("return", typing.Any),
                    module_of(step),
                    value.kind.__qualname__,
                )
            )
    return PLAIN


def has_attribute(kind: type, name: str) -> bool:
    """Return whether instances have an attribute: of the class, annotated, or set by its methods."""
    if hasattr(kind, name):
        return True
    return any(
        name in getattr(base, "__annotations__", {})
        or "__getattr__" in vars(base)
        or _sets_attribute(base, name)
        for base in kind.__mro__
    )


def _sets_attribute(cls: type, name: str) -> bool:
    """Return whether the source of a class assigns an attribute of this name."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return False
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == name
        for node in ast.walk(tree)
    )
