"""Follow values through code without running it, and check the calls on the packages that it names.

Runs in a process of its own, whose path begins with the packages of one Databricks runtime (see
`child.py`), on nothing but the standard library and these packages. A value is followed from where it is
made (an import, a constructor, a return annotation) to where something is called on it; functions of
the code itself are followed with the arguments that they are called with.
"""

from __future__ import annotations

import ast
import builtins
import enum
import importlib
import inspect
import re
import textwrap
import types
import typing
from collections import ChainMap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

ROOTS = ("mlflow", "databricks")
"""The packages whose calls are checked."""


# ---- values ----------------------------------------------------------------------------------------
class Plain:
    """Something of no interest here: a number, a string, a DataFrame."""


PLAIN = Plain()


@dataclass(frozen=True)
class Real:
    """A module, class, function or constant of the packages; a method, if `bound`."""

    thing: Any
    name: str
    bound: bool = False


@dataclass(frozen=True)
class Instance:
    """An object of a class of the packages."""

    kind: type


@dataclass(frozen=True)
class Many:
    """A list, an iterator: what has one kind of item."""

    item: Any


@dataclass(frozen=True)
class Few:
    """A tuple, or a list that is written out: each item is known."""

    items: tuple[Any, ...]

    @property
    def item(self) -> Any:
        return best(self.items)


@dataclass
class Pairs:
    """A dict: what its keys and values are, and the values of keys that are written out."""

    key: Any
    value: Any
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mystery:
    """What came from the packages, and nothing says what it is."""

    origin: str


@dataclass(eq=False)
class Written:
    """A function, lambda or class of the code itself, with what it sees."""

    node: ast.AST
    scope: ChainMap[str, Any]
    unit: str
    cls: Written | None = None


@dataclass(frozen=True)
class Object:
    """An instance of a class of the code itself."""

    cls: Written


def best(values: Iterable[Any]) -> Any:
    """Of what a value may be, take the first that says most."""
    values = list(values)
    for kinds in ((Real, Instance, Object, Written), (Many, Few, Pairs), (Mystery,)):
        for value in values:
            if isinstance(value, kinds):
                return value
    return PLAIN


@dataclass(frozen=True)
class Finding:
    """One call (or name) that was looked at.

    Attributes
    ----------
    unit, line
        Where: a cell or module, and the line in it.
    call : str
        What is called, by its full name, or the code where the receiver is unknown.
    wrong : str
        What is wrong with it; empty if it exists and its arguments bind.
    kind : {"call", "name", "unknown"}
        `unknown`: a call on a value of the packages, and nothing says what it is.
    weak : tuple of str
        Keywords that only a docstring, or the source, names.
    """

    unit: str
    line: int
    call: str
    wrong: str = ""
    kind: str = "call"
    weak: tuple[str, ...] = ()


def in_scope(module: str | None) -> bool:
    """Say whether a module is one of the packages'."""
    return (module or "").partition(".")[0] in ROOTS


# ---- what annotations and docstrings say ------------------------------------------------------------
def _resolve(text: str, module: types.ModuleType | None) -> Any:
    """Evaluate an annotation that is a string, in its module; None if it cannot be."""
    names = dict(vars(typing)) | dict(vars(builtins)) | (vars(module) if module else {})
    for more in ({}, _entities()):
        try:
            return eval(text, names | more)
        except Exception:  # noqa: BLE001 - a name that is only imported for type checkers
            continue
    return None


def _entities() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("mlflow.entities", "mlflow.entities.model_registry", "mlflow.models.model"):
        found |= {k: v for k, v in vars(importlib.import_module(name)).items() if k[0] != "_"}
    return found


def of_annotation(told: Any, module: types.ModuleType | None, origin: str) -> Any:
    """Give the value that an annotation describes."""
    if isinstance(told, str):
        told = _resolve(told, module)
        if told is None:
            return Mystery(origin)
    if told is typing.Any or told is inspect.Parameter.empty:
        return Mystery(origin)
    kind, inside = typing.get_origin(told), typing.get_args(told)
    if kind in (typing.Union, types.UnionType):
        return best(of_annotation(one, module, origin) for one in inside)
    if kind is not None:
        values = [of_annotation(one, module, origin) for one in inside if one is not ...]
        if isinstance(kind, type) and issubclass(kind, dict) and len(values) == 2:
            return Pairs(*values)
        if kind is tuple and ... not in inside:
            return Few(tuple(values))
        if isinstance(kind, type) and issubclass(kind, Iterable) and values:
            return Many(values[0])
        return PLAIN
    if isinstance(told, typing.ForwardRef):
        return of_annotation(told.__forward_arg__, module, origin)
    if isinstance(told, type) and in_scope(told.__module__):
        return Instance(told)
    return PLAIN


def of_docstring(thing: Any, origin: str) -> Any:
    """Read what MLflow's docstrings say of what is returned, where no annotation does."""
    text = inspect.getdoc(thing) or ""
    if "eturn" in text[:12]:
        told = text
    else:
        told = "".join(re.findall(r"(?ims)^\s*:?returns?:(.*?)(?=^\S|\Z)", text))
    if not told.strip():
        return Mystery(origin)
    named = re.search(r":py:class:`~?(mlflow[\w.]+?)(?:\s*<.*?>)?`", told)
    if named:
        module, _, name = named[1].rpartition(".")
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            kind = _entities().get(name)
        if isinstance(kind, type):
            several = re.match(r"(?is)[^`]{0,40}\b(list|iterator)\b", told.strip())
            return Many(Instance(kind)) if several else Instance(kind)
    if re.match(r"(?i)\W*(returns? )?(\w+ )?(string|str|int|integer|bool|none|dict|list)\b", told):
        return PLAIN
    return Mystery(origin)


def _module_of(thing: Any) -> types.ModuleType | None:
    inner = inspect.unwrap(thing) if callable(thing) else thing
    name = getattr(inner, "__module__", None)
    return importlib.import_module(name) if name and in_scope(name) else None


# ---- the walk --------------------------------------------------------------------------------------
class Walk:
    """Evaluates code on the values above, and keeps what it finds.

    Parameters
    ----------
    modules : dict of str to str
        Source of modules of the course, by name; read when they are imported.
    returns : dict of str to str
        What functions and attributes of the packages give where they do not say so themselves, by full
        name; `plain` for strings, numbers and the like.
    by_name : dict of str to str
        What the parameters of a function that nobody calls are, by the name that the course uses.
    """

    def __init__(self, modules: dict[str, str], returns: dict[str, str], by_name: dict[str, str]):
        self.modules = modules
        self.returns = returns
        self.by_name = by_name
        self.found: dict[tuple[str, int, int, str], Finding] = {}
        self.unit = ""
        self._loaded: dict[str, ChainMap[str, Any]] = {}
        self._busy: list[ast.AST] = []
        self._called: set[ast.AST] = set()
        self._defined: list[Written] = []
        self._given: list[list[Any]] = []
        self._unsure = 0

    def run(self, unit: str, code: str, scope: ChainMap[str, Any]) -> None:
        """Evaluate one cell or module."""
        outer, self.unit = self.unit, unit
        self._block(ast.parse(code).body, scope)
        self.unit = outer

    def finish(self) -> None:
        """Evaluate the functions that nobody has called."""
        for written in self._defined:
            if written.node not in self._called:
                self._call_written(written, [], {}, guess=True)

    def load(self, name: str) -> ChainMap[str, Any] | None:
        """Evaluate a module of the course, once."""
        if name not in self.modules:
            return None
        if name not in self._loaded:
            scope: ChainMap[str, Any] = ChainMap({})
            self._loaded[name] = scope
            busy, self._busy = self._busy, []
            self.run(name, self.modules[name], scope)
            self._busy = busy
        return self._loaded[name]

    def _note(self, node: ast.AST, call: str, **what: Any) -> None:
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        key = (self.unit, line, column, call)
        if key not in self.found or what.get("wrong"):
            self.found[key] = Finding(self.unit, line, call, **what)

    # statements
    def _block(self, body: list[ast.stmt], scope: ChainMap[str, Any]) -> None:
        for statement in body:
            self._statement(statement, scope)

    def _perhaps(self, body: list[ast.stmt], scope: ChainMap[str, Any]) -> None:
        self._unsure += 1
        self._block(body, scope)
        self._unsure -= 1

    def _statement(self, node: ast.stmt, scope: ChainMap[str, Any]) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    self._import(alias, node, scope)
            case ast.ImportFrom():
                for alias in node.names:
                    scope[alias.asname or alias.name] = self._import_from(node, alias.name)
            case ast.Assign():
                value = self._value(node.value, scope)
                for target in node.targets:
                    self._assign(target, value, scope)
            case ast.AnnAssign():
                value = self._value(node.value, scope) if node.value else PLAIN
                self._assign(
                    node.target,
                    best([value, self._written_annotation(node.annotation, scope)]),
                    scope,
                )
            case ast.AugAssign():
                value = best([self._value(node.value, scope), self._value(node.target, scope)])
                self._assign(node.target, value, scope)
            case ast.For():
                over = self._value(node.iter, scope)
                for item in over.items if isinstance(over, Few) else [item_of(over)]:
                    self._assign(node.target, item, scope)
                    self._perhaps(node.body, scope)
                self._perhaps(node.orelse, scope)
            case ast.While():
                self._value(node.test, scope)
                self._perhaps(node.body + node.orelse, scope)
            case ast.If():
                self._value(node.test, scope)
                self._perhaps(node.body, scope)
                self._perhaps(node.orelse, scope)
            case ast.With():
                for item in node.items:
                    entered = self._enter(self._value(item.context_expr, scope))
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, entered, scope)
                self._block(node.body, scope)
            case ast.Try():
                self._block(node.body, scope)
                for handler in node.handlers:
                    kind = self._value(handler.type, scope) if handler.type else PLAIN
                    if handler.name:
                        caught = kind.item if isinstance(kind, Few) else kind
                        scope[handler.name] = self._made(caught)
                    self._perhaps(handler.body, scope)
                self._perhaps(node.orelse + node.finalbody, scope)
            case ast.FunctionDef():
                for decorator in node.decorator_list:
                    self._value(decorator, scope)
                written = Written(node, scope, self.unit)
                self._defined.append(written)
                scope[node.name] = written
            case ast.ClassDef():
                inside: ChainMap[str, Any] = scope.new_child()
                written = Written(node, inside, self.unit)
                self._block(node.body, inside)
                for member in inside.maps[0].values():
                    if isinstance(member, Written) and isinstance(member.node, ast.FunctionDef):
                        member.cls = written
                scope[node.name] = written
            case ast.Return():
                value = self._value(node.value, scope) if node.value else PLAIN
                if self._given:
                    self._given[-1].append(value)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._value(child, scope)
                    elif isinstance(child, ast.stmt):
                        self._statement(child, scope)

    def _assign(self, target: ast.expr, value: Any, scope: ChainMap[str, Any]) -> None:
        match target:
            case ast.Name():
                kept = scope.get(target.id, PLAIN)
                scope[target.id] = best([value, kept]) if self._unsure else value
            case ast.Tuple() | ast.List():
                parts = value.items if isinstance(value, Few) else None
                for position, one in enumerate(target.elts):
                    exact = parts is not None and len(parts) == len(target.elts)
                    self._assign(one, parts[position] if exact else item_of(value), scope)
            case ast.Starred():
                self._assign(target.value, Many(value), scope)
            case ast.Attribute():
                of = self._value(target.value, scope)
                if isinstance(of, Object) and value is not PLAIN:
                    of.cls.scope.maps[0].setdefault(target.attr, value)
            case ast.Subscript():
                self._value(target.value, scope)

    def _enter(self, value: Any) -> Any:
        if isinstance(value, Instance):
            enter = getattr(value.kind, "__enter__", None)
            if enter is None:
                return value
            told = typing.get_type_hints(enter).get("return") if enter else None
            return of_annotation(told, _module_of(enter), "") if told else value
        return value

    def _import(self, alias: ast.alias, node: ast.AST, scope: ChainMap[str, Any]) -> None:
        top = alias.name.partition(".")[0]
        if in_scope(alias.name):
            found = self._module(alias.name, node)
            first = self._module(top, node) if not alias.asname else found
            scope[alias.asname or top] = first
        elif top == "lakelab":
            self.load(alias.name)
            scope[alias.asname or top] = PLAIN

    def _module(self, name: str, node: ast.AST) -> Any:
        try:
            return Real(importlib.import_module(name), name)
        except ImportError as error:
            self._note(
                node, f"import {name}", kind="name", wrong=f"{type(error).__name__}: {error}"
            )
            return PLAIN

    def _import_from(self, node: ast.ImportFrom, name: str) -> Any:
        module = node.module or ""
        if module.partition(".")[0] == "lakelab":
            there = self.load(module)
            if there is not None and name in there:
                return there[name]
            inside = self.load(f"{module}.{name}")
            return ModuleOfCourse(inside) if inside is not None else PLAIN
        if not in_scope(module):
            return PLAIN
        real = self._module(module, node)
        if real is PLAIN:
            return PLAIN
        full = f"{module}.{name}"
        if hasattr(real.thing, name):
            self._note(node, full, kind="name")
            return self._of_thing(getattr(real.thing, name), full)
        try:
            return Real(importlib.import_module(full), full)
        except ImportError:
            self._note(node, full, kind="name", wrong=f"{module} has no {name}")
            return PLAIN

    @staticmethod
    def _of_thing(thing: Any, name: str) -> Any:
        """Give the value of something that was read from a module or class."""
        if isinstance(thing, enum.Enum):
            return Instance(type(thing))
        if isinstance(thing, type):
            return Real(thing, name) if in_scope(thing.__module__) else PLAIN
        if isinstance(thing, types.ModuleType) or callable(thing):
            return Real(thing, name)
        return Instance(type(thing)) if in_scope(type(thing).__module__) else PLAIN

    def _written_annotation(self, node: ast.expr | None, scope: ChainMap[str, Any]) -> Any:
        """Give what an annotation in the code itself describes."""
        match node:
            case ast.Name() | ast.Attribute():
                found = (
                    scope.get(node.id, PLAIN)
                    if isinstance(node, ast.Name)
                    else self._quietly(node, scope)
                )
                return self._made(found)
            case ast.BinOp():
                sides = (node.left, node.right)
                return best(self._written_annotation(side, scope) for side in sides)
            case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, value])):
                return Pairs(
                    self._written_annotation(key, scope), self._written_annotation(value, scope)
                )
            case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=parts)):
                return Few(tuple(self._written_annotation(part, scope) for part in parts))
            case ast.Subscript():
                item = self._written_annotation(node.slice, scope)
                return PLAIN if item is PLAIN else Many(item)
            case ast.Constant(value=str() as text):
                return self._written_annotation(ast.parse(text, mode="eval").body, scope)
        return PLAIN

    def _quietly(self, node: ast.expr, scope: ChainMap[str, Any]) -> Any:
        kept = dict(self.found)
        value = self._value(node, scope)
        self.found = kept
        return value

    def _made(self, of: Any) -> Any:
        """Give an instance of a class."""
        if isinstance(of, Real) and isinstance(of.thing, type):
            return Instance(of.thing)
        if isinstance(of, Written) and isinstance(of.node, ast.ClassDef):
            return Object(of)
        return PLAIN

    # expressions
    def _value(self, node: ast.expr | None, scope: ChainMap[str, Any]) -> Any:
        match node:
            case None | ast.Constant():
                return PLAIN
            case ast.Name():
                return scope.get(node.id, PLAIN)
            case ast.Attribute():
                return self._attribute(self._value(node.value, scope), node.attr, node)
            case ast.Call():
                return self._call(node, scope)
            case ast.Subscript():
                self._value(node.slice, scope)
                return self._subscript(self._value(node.value, scope), node.slice)
            case ast.Tuple() | ast.List() | ast.Set():
                if any(isinstance(one, ast.Starred) for one in node.elts):
                    return Many(best(self._value(one, scope) for one in node.elts))
                return Few(tuple(self._value(one, scope) for one in node.elts))
            case ast.Starred():
                return item_of(self._value(node.value, scope))
            case ast.Dict():
                values = [self._value(value, scope) for value in node.values]
                keys = [self._value(key, scope) if key else PLAIN for key in node.keys]
                told = {
                    key.value: value
                    for key, value in zip(node.keys, values, strict=True)
                    if isinstance(key, ast.Constant) and isinstance(key.value, str)
                }
                spread = [
                    value.value if isinstance(value, Pairs) else PLAIN
                    for key, value in zip(node.keys, values, strict=True)
                    if key is None
                ]
                return Pairs(best(keys), best([*values, *spread]), told)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                inside = self._loops(node.generators, scope)
                return Many(self._value(node.elt, inside))
            case ast.DictComp():
                inside = self._loops(node.generators, scope)
                return Pairs(self._value(node.key, inside), self._value(node.value, inside))
            case ast.IfExp():
                self._value(node.test, scope)
                return best([self._value(node.body, scope), self._value(node.orelse, scope)])
            case ast.BoolOp():
                return best([self._value(one, scope) for one in node.values])
            case ast.BinOp():
                sides = [self._value(node.left, scope), self._value(node.right, scope)]
                kept = [side for side in sides if isinstance(side, Many | Few | Pairs)]
                return best(kept) if isinstance(node.op, ast.Add | ast.BitOr) else PLAIN
            case ast.NamedExpr():
                value = self._value(node.value, scope)
                self._assign(node.target, value, scope)
                return value
            case ast.Lambda():
                written = Written(node, scope, self.unit)
                self._defined.append(written)
                return written
            case ast.Yield():
                if self._given and node.value is not None:
                    self._given[-1].append(Many(self._value(node.value, scope)))
                return PLAIN
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._value(child, scope)
                return PLAIN

    def _loops(
        self, loops: list[ast.comprehension], scope: ChainMap[str, Any]
    ) -> ChainMap[str, Any]:
        inside: ChainMap[str, Any] = scope.new_child()
        for loop in loops:
            self._assign(loop.target, item_of(self._value(loop.iter, inside)), inside)
            for condition in loop.ifs:
                self._value(condition, inside)
        return inside

    @staticmethod
    def _subscript(value: Any, index: ast.expr) -> Any:
        match value:
            case Pairs():
                if isinstance(index, ast.Constant) and index.value in value.told:
                    return value.told[index.value]
                return value.value
            case Few():
                if isinstance(index, ast.Slice):
                    return Many(value.item)
                place = index.value if isinstance(index, ast.Constant) else None
                there = isinstance(place, int) and -len(value.items) <= place < len(value.items)
                return value.items[place] if there else value.item
            case Many():
                return value if isinstance(index, ast.Slice) else value.item
            case Mystery():
                return Mystery(f"{value.origin}[...]")
            case Real():  # a generic class: PagedList[Run]
                return value
        return PLAIN

    def _attribute(self, value: Any, name: str, node: ast.AST) -> Any:
        match value:
            case Real():
                full = f"{value.name}.{name}"
                if not hasattr(value.thing, name):
                    if isinstance(value.thing, types.ModuleType):
                        try:  # a part that nobody has imported yet, as on Databricks where something has
                            return Real(importlib.import_module(full), full)
                        except ImportError:
                            pass
                    self._note(node, full, kind="name", wrong=f"{value.name} has no {name}")
                    return PLAIN
                thing = getattr(value.thing, name)
                if name[0].isupper():
                    self._note(node, full, kind="name")
                bound = isinstance(value.thing, type) and inspect.ismethod(thing)
                found = self._of_thing(thing, full)
                return Real(thing, full) if bound else found
            case Instance():
                return self._of_instance(value.kind, name, node)
            case Mystery():
                return Mystery(f"{value.origin}.{name}")
            case Object():
                return self._of_object(value, name)
            case Pairs():
                if name in ("items", "keys", "values", "get", "pop", "setdefault", "copy"):
                    return Pseudo(f"dict.{name}", value)
            case Many() | Few():
                if name in ("pop", "copy"):
                    return Pseudo(f"list.{name}", value)
                if name in ("append", "extend", "insert"):
                    return PLAIN
            case ModuleOfCourse():
                return value.scope.get(name, PLAIN)
        return PLAIN

    def _of_object(self, value: Object, name: str) -> Any:
        member = value.cls.scope.maps[0].get(name, PLAIN)
        if isinstance(member, Written) and isinstance(member.node, ast.FunctionDef):
            how = [ast.unparse(one) for one in member.node.decorator_list]
            if "property" in how or "cached_property" in how:
                return self._call_written(member, [value], {})
            return Pseudo("method", (member, value))
        return member

    def _of_instance(self, kind: type, name: str, node: ast.AST) -> Any:
        full = f"{kind.__module__}.{kind.__qualname__}.{name}"
        if (told := self._told(kind, name)) is not None:
            if not _has(kind, name):
                self._note(node, full, kind="name", wrong=f"{kind.__qualname__} has no {name}")
            return told
        if issubclass(kind, enum.Enum) and name in ("value", "name"):
            return PLAIN
        if hasattr(kind, name):
            static = inspect.getattr_static(kind, name)
            if isinstance(static, property):
                hints = static.fget.__annotations__ if static.fget else {}
                if "return" in hints:
                    return of_annotation(hints["return"], _module_of(static.fget), full)
                return of_docstring(static, full)
            if callable(getattr(kind, name)):
                plain = isinstance(static, types.FunctionType) or not isinstance(
                    static, staticmethod | classmethod
                )
                return Real(getattr(kind, name), full, bound=plain and not isinstance(static, type))
        hint = next(
            (
                b.__annotations__[name]
                for b in kind.__mro__
                if name in getattr(b, "__annotations__", {})
            ),
            None,
        )
        if hint is not None:
            return of_annotation(hint, importlib.import_module(kind.__module__), full)
        if _has(kind, name):
            return Mystery(full)
        self._note(node, full, kind="name", wrong=f"{kind.__qualname__} has no {name}")
        return PLAIN

    def _told(self, kind: type, name: str) -> Any:
        """Look up what the table says of an attribute, or of one of a base class."""
        for base in kind.__mro__:
            told = self.returns.get(f"{base.__qualname__}.{name}")
            if told is not None and not callable(getattr(base, name, None)):
                return self._of_text(told)
        return None

    def _of_text(self, told: str) -> Any:
        """Read the table's own notation: plain, a full name of a class, list of ..., dict of ..."""
        if told == "plain":
            return PLAIN
        if told.startswith("list of "):
            return Many(self._of_text(told.removeprefix("list of ")))
        if told.startswith("dict of "):
            return Pairs(PLAIN, self._of_text(told.removeprefix("dict of ")))
        module, _, name = told.rpartition(".")
        return Instance(getattr(importlib.import_module(module), name))

    # calls
    def _call(self, node: ast.Call, scope: ChainMap[str, Any]) -> Any:
        if ast.unparse(node.func) in ("import_module", "importlib.import_module"):
            told = node.args[0]
            if isinstance(told, ast.Constant) and in_scope(told.value):
                return self._module(told.value, node)
        callee = self._value(node.func, scope)
        spread = any(isinstance(one, ast.Starred) for one in node.args)
        args = [self._value(one, scope) for one in node.args]
        keywords: dict[str, Any] = {}
        open_ended = spread
        for keyword in node.keywords:
            value = self._value(keyword.value, scope)
            if keyword.arg:
                keywords[keyword.arg] = value
            elif isinstance(value, Pairs) and value.told:
                keywords |= value.told
                open_ended = True
            else:
                open_ended = True
        plain_args = [
            a for a, n in zip(args, node.args, strict=True) if not isinstance(n, ast.Starred)
        ]
        match callee:
            case Real():
                if not in_scope(
                    getattr(inspect.unwrap(callee.thing), "__module__", callee.name)
                ) and not in_scope(callee.name):
                    return PLAIN
                self._check(callee, plain_args, keywords, open_ended, node)
                for value in [*args, *keywords.values()]:
                    if isinstance(value, Written):
                        self._call_written(value, [], {}, guess=True)
                literal = {
                    f"{keyword.arg}={keyword.value.value}"
                    for keyword in node.keywords
                    if isinstance(keyword.value, ast.Constant)
                }
                return self._given_by(callee, literal)
            case Written():
                if isinstance(callee.node, ast.ClassDef):
                    init = callee.scope.maps[0].get("__init__")
                    if isinstance(init, Written):
                        self._call_written(init, [Object(callee), *args], keywords)
                    return Object(callee)
                return self._call_written(callee, args, keywords)
            case Pseudo():
                if callee.what == "dict.pop" and isinstance(node.args[0], ast.Constant):
                    callee.of.told.pop(node.args[0].value, None)
                return self._call_pseudo(callee, args)
            case Mystery():
                self._note(node, callee.origin, kind="unknown")
                return Mystery(f"{callee.origin}()")
        if ast.unparse(node.func) in ("partial", "functools.partial") and args:
            if isinstance(args[0], Real):
                self._check(args[0], plain_args[1:], keywords, True, node)
            return Pseudo("partial", args[0])
        if isinstance(node.func, ast.Name):
            return self._builtin(node.func.id, args, keywords)
        if isinstance(node.func, ast.Attribute) and callee is PLAIN and self._looks_ours(node.func):
            self._note(node, ast.unparse(node.func), kind="unknown")
        return PLAIN

    @staticmethod
    def _looks_ours(node: ast.Attribute) -> bool:
        """Say whether a method of an unknown receiver is named as only one of the clients' methods is."""
        methods, services = client_methods()
        if node.attr in methods:
            return True
        service = node.value.attr if isinstance(node.value, ast.Attribute) else ""
        return node.attr in services.get(service, ())

    def _builtin(self, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        first = args[0] if args else PLAIN
        key = keywords.get("key")
        if isinstance(key, Written):
            self._call_written(key, [item_of(first)], {})
        match name:
            case "max" | "min" | "next":
                return item_of(first) if len(args) == 1 or name == "next" else best(args)
            case "list" | "sorted" | "reversed" | "set" | "tuple" | "iter":
                return first if isinstance(first, Few) else Many(item_of(first))
            case "dict" if isinstance(first, Pairs):
                return first
            case "dict":
                of = item_of(first)
                return (
                    Pairs(*of.items)
                    if isinstance(of, Few) and len(of.items) == 2
                    else Pairs(PLAIN, PLAIN, keywords)
                )
            case "zip":
                return Many(Few(tuple(item_of(one) for one in args)))
            case "enumerate":
                return Many(Few((PLAIN, item_of(first))))
            case "filter" | "map" if len(args) > 1:
                mapped = PLAIN
                if isinstance(first, Written):
                    mapped = self._call_written(first, [item_of(one) for one in args[1:]], {})
                return Many(item_of(args[1]) if name == "filter" else mapped)
        for value in [*args, *keywords.values()]:
            if isinstance(value, Written) and isinstance(value.node, ast.Lambda):
                self._call_written(value, [], {}, guess=True)
        return PLAIN

    def _call_pseudo(self, callee: Pseudo, args: list[Any]) -> Any:
        match callee.what:
            case "partial" if isinstance(callee.of, Real):
                return self._given_by(callee.of, set())
            case "partial" if isinstance(callee.of, Written):
                return self._call_written(callee.of, [], {})
            case "partial":
                return PLAIN
            case "method":
                method, me = callee.of
                return self._call_written(method, [me, *args], {})
            case "dict.items":
                if callee.of.told:
                    return Few(tuple(Few((PLAIN, value)) for value in callee.of.told.values()))
                return Many(Few((callee.of.key, callee.of.value)))
            case "dict.keys":
                return Many(callee.of.key)
            case "dict.values":
                return Many(callee.of.value)
            case "dict.copy" | "list.copy":
                return callee.of
            case "list.pop":
                return callee.of.item
        return best([callee.of.value, *args[1:]])

    def _call_written(
        self, written: Written, args: list[Any], keywords: dict[str, Any], guess: bool = False
    ) -> Any:
        node = written.node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            return PLAIN
        annotated = self._annotated_return(written)
        if node in self._busy or len(self._busy) > 12:
            return annotated
        self._called.add(node)
        scope: ChainMap[str, Any] = written.scope.new_child()
        spec = node.args
        positional = [*spec.posonlyargs, *spec.args]
        for position, parameter in enumerate([*positional, *spec.kwonlyargs]):
            values = [keywords.get(parameter.arg, PLAIN)]
            if position < len(args) and position < len(positional):
                values.insert(0, args[position])
            values.append(self._written_annotation(parameter.annotation, written.scope))
            if guess and " " in written.unit and parameter.arg in self.by_name:
                values.append(self._of_text(self.by_name[parameter.arg]))
            scope[parameter.arg] = best(values)
        if guess and written.cls is not None and positional:
            scope[positional[0].arg] = Object(written.cls)
        if spec.vararg:
            scope[spec.vararg.arg] = Many(best(args[len(positional) :]))
        if spec.kwarg:
            named = {one.arg for one in (*positional, *spec.kwonlyargs)}
            more = {name: value for name, value in keywords.items() if name not in named}
            scope[spec.kwarg.arg] = Pairs(PLAIN, best(more.values()), more)
        outer, self.unit = self.unit, written.unit
        unsure, self._unsure = self._unsure, 0
        self._busy.append(node)
        self._given.append([])
        if isinstance(node, ast.Lambda):
            self._given[-1].append(self._value(node.body, scope))
        else:
            self._block(node.body, scope)
        given = self._given.pop()
        self._busy.pop()
        self.unit, self._unsure = outer, unsure
        return best([annotated, *given])

    def _annotated_return(self, written: Written) -> Any:
        if isinstance(written.node, ast.FunctionDef):
            return self._written_annotation(written.node.returns, written.scope)
        return PLAIN

    def _check(
        self,
        callee: Real,
        args: list[Any],
        keywords: dict[str, Any],
        open_ended: bool,
        node: ast.AST,
    ) -> None:
        thing = callee.thing
        if isinstance(thing, types.ModuleType) or not callable(thing):
            self._note(node, callee.name, wrong=f"{callee.name} cannot be called")
            return
        try:
            signature = inspect.signature(thing)
        except (TypeError, ValueError):
            self._note(node, callee.name, weak=("no signature",))
            return
        first = [object()] if callee.bound else []
        bind = signature.bind_partial if open_ended else signature.bind
        try:
            bound = bind(*first, *args, **keywords)
        except TypeError as error:
            self._note(node, callee.name, wrong=str(error))
            return
        collecting = [p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
        spare = bound.arguments.get(collecting[0], {}) if collecting else {}
        unknown = [name for name in spare if not _knows(thing, name, keywords)]
        if unknown:
            self._note(
                node,
                callee.name,
                wrong=f"neither its signature nor its documentation knows {', '.join(unknown)}",
            )
        else:
            self._note(node, callee.name, weak=tuple(spare))

    def _given_by(self, callee: Real, literal: set[str]) -> Any:
        thing, name = callee.thing, callee.name
        if isinstance(thing, type):
            return Instance(thing)
        inner = inspect.unwrap(thing)
        qualified = f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', '')}"
        for known in (name, qualified, getattr(inner, "__qualname__", "")):
            if known in self.returns:
                told = self.returns[known]
                if isinstance(told, dict):
                    told = next((told[one] for one in literal if one in told), told["otherwise"])
                return self._of_text(told)
        told = getattr(inner, "__annotations__", {}).get("return", inspect.Parameter.empty)
        if told is not inspect.Parameter.empty:
            return of_annotation(told, _module_of(thing), name)
        return of_docstring(thing, name)


@cache
def client_methods() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Give the methods that only the clients have, and those of each service of the workspace client."""
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
                thing.fget.__annotations__.get("return"), _module_of(thing.fget), ""
            )
            if isinstance(kind, Instance):
                services[name] = frozenset(m for m in dir(kind.kind) if m[0] != "_")
    return frozenset(name for name in named if name[0] != "_" and "_" in name), services


@dataclass(frozen=True)
class ModuleOfCourse:
    """A module of the course, imported by name."""

    scope: ChainMap[str, Any]


@dataclass(eq=False)
class Pseudo:
    """A method of a dict, a list, or an object of the code itself."""

    what: str
    of: Any


def item_of(value: Any) -> Any:
    """Give what iterating over a value yields."""
    match value:
        case Many() | Few():
            return value.item
        case Pairs():
            return value.key
        case Mystery():
            return Mystery(f"{value.origin}[...]")
        case Instance() if step := getattr(value.kind, "__iter__", None):
            return item_of(
                of_annotation(
                    step.__annotations__.get("return", typing.Any),
                    _module_of(step),
                    value.kind.__qualname__,
                )
            )
    return PLAIN


def _has(kind: type, name: str) -> bool:
    """Say whether instances have an attribute: of the class, annotated, or set by its methods."""
    if hasattr(kind, name):
        return True
    for base in kind.__mro__:
        if name in getattr(base, "__annotations__", {}) or "__getattr__" in vars(base):
            return True
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and node.attr == name
            ):
                return True
    return False


def _knows(thing: Any, keyword: str, keywords: dict[str, Any]) -> bool:
    """Say whether what takes `**kwargs` means this keyword: by a flavor's signature, its text, its code."""
    flavor = keywords.get("flavor")
    if isinstance(flavor, Real) and isinstance(flavor.thing, types.ModuleType):
        save = getattr(flavor.thing, "save_model", None)
        return save is not None and keyword in inspect.signature(save).parameters
    inner = inspect.unwrap(thing.__init__ if isinstance(thing, type) else thing)
    texts = [inspect.getdoc(thing) or "", inspect.getdoc(inner) or ""]
    try:
        code = inspect.getsource(inner)
    except (OSError, TypeError):
        code = ""
    return any(
        re.search(rf"(?m)^\s*(:param )?`*{keyword}`*\s*(\([^)]*\))?:", text) for text in texts
    ) or bool(re.search(rf"[\"']{keyword}[\"']", code))


def walk_all(request: dict[str, Any]) -> Iterator[Finding]:
    """Check the programs of a request, each with names of its own; modules of the course come last."""
    walk = Walk(request["modules"], request["returns"], request["by_name"])
    for program in request["programs"]:
        scope: ChainMap[str, Any] = ChainMap({})
        lab = walk.load("lakelab.lab")
        if lab is not None and "Lab" in lab:
            scope["lab"] = Object(lab["Lab"])
        for unit, code in program:
            walk.run(unit, code, scope)
    for module in request["modules"]:
        walk.load(module)
    walk.finish()
    yield from walk.found.values()
