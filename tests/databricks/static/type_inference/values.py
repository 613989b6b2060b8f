"""The kinds of values that the evaluation tells apart."""

from __future__ import annotations

import ast
import enum
import types
from collections import ChainMap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

ROOTS = ("mlflow", "databricks")
"""The packages whose calls are checked."""

Scope = ChainMap[str, Any]
"""The values of names, the innermost scope first."""


class Plain:
    """A value that is not checked: a number, a string, a DataFrame."""


PLAIN = Plain()


@dataclass(frozen=True)
class PackageMember:
    """A module, class, function or constant of the packages; a method, if `bound`."""

    thing: Any
    name: str
    bound: bool = False


@dataclass(frozen=True)
class Instance:
    """An object of a class of the packages."""

    kind: type


@dataclass(frozen=True)
class ListOf:
    """A list or an iterator, whose items are of one kind."""

    item: Any


@dataclass(frozen=True)
class TupleOf:
    """A tuple, or a list that is written out: each item is known."""

    items: tuple[Any, ...]

    @property
    def item(self) -> Any:
        return most_specific(self.items)


@dataclass
class DictOf:
    """A dict: the kinds of its keys and values, and the values of keys that are written out."""

    key: Any
    value: Any
    entries: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unknown:
    """A value from the packages, whose type neither an annotation nor a docstring states."""

    origin: str


@dataclass(eq=False)
class Definition:
    """A function, lambda or class of the course, with the scope that it sees."""

    node: ast.AST
    scope: Scope
    unit: str
    cls: Definition | None = None


@dataclass(frozen=True)
class CourseObject:
    """An instance of a class of the course."""

    cls: Definition


@dataclass(frozen=True)
class CourseModule:
    """A module of the course, imported by name."""

    scope: Scope


@dataclass(eq=False)
class BoundMethod:
    """A method of a dict, of a list, or of an object of the course; or a `functools.partial`."""

    name: str
    owner: Any


def most_specific(values: Iterable[Any]) -> Any:
    """Return the first of the possible values whose kind states most about its type."""
    values = list(values)
    for kinds in (
        (PackageMember, Instance, CourseObject, Definition),
        (ListOf, TupleOf, DictOf),
        (Unknown,),
    ):
        for value in values:
            if isinstance(value, kinds):
                return value
    return PLAIN


def in_packages(module: str | None) -> bool:
    """Return whether a module belongs to the packages whose calls are checked."""
    return (module or "").partition(".")[0] in ROOTS


def value_of(thing: Any, name: str) -> Any:
    """Return the value for an object that was read from a module or class of the packages."""
    if isinstance(thing, enum.Enum):
        return Instance(type(thing))
    if isinstance(thing, type):
        return PackageMember(thing, name) if in_packages(thing.__module__) else PLAIN
    if isinstance(thing, types.ModuleType) or callable(thing):
        return PackageMember(thing, name)
    return Instance(type(thing)) if in_packages(type(thing).__module__) else PLAIN


def instance_of(cls: Any) -> Any:
    """Return the value for an instance of a class."""
    if isinstance(cls, PackageMember) and isinstance(cls.thing, type):
        return Instance(cls.thing)
    if isinstance(cls, Definition) and isinstance(cls.node, ast.ClassDef):
        return CourseObject(cls)
    return PLAIN
