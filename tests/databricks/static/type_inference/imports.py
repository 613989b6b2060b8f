"""Evaluate imports: of the packages, which are imported, and of the course, which is evaluated."""

from __future__ import annotations

import ast
import importlib
from typing import Any

from .interpreter import Interpreter
from .values import PLAIN, CourseModule, PackageMember, Scope, in_packages, value_of

COURSE = "lakelab"


def import_package_module(interpreter: Interpreter, name: str, node: ast.AST) -> Any:
    """Import a module of the packages, and record a finding if there is none of this name."""
    try:
        return PackageMember(importlib.import_module(name), name)
    except ImportError as error:
        wrong = f"{type(error).__name__}: {error}"
        interpreter.record(node, f"import {name}", kind="name", wrong=wrong)
        return PLAIN


def import_module(
    interpreter: Interpreter, alias: ast.alias, node: ast.Import, scope: Scope
) -> None:
    """Evaluate one name of ``import ...``."""
    top = alias.name.partition(".")[0]
    if in_packages(alias.name):
        module = import_package_module(interpreter, alias.name, node)
        bound = module if alias.asname else import_package_module(interpreter, top, node)
        scope[alias.asname or top] = bound
    elif top == COURSE:
        interpreter.load(alias.name)
        scope[alias.asname or top] = PLAIN


def import_name(interpreter: Interpreter, node: ast.ImportFrom, name: str) -> Any:
    """Return the value of one name of ``from ... import``."""
    module = node.module or ""
    if module.partition(".")[0] == COURSE:
        return _import_from_course(interpreter, module, name)
    if not in_packages(module):
        return PLAIN
    package = import_package_module(interpreter, module, node)
    if package is PLAIN:
        return PLAIN
    full = f"{module}.{name}"
    if hasattr(package.thing, name):
        interpreter.record(node, full, kind="name")
        return value_of(getattr(package.thing, name), full)
    try:
        return PackageMember(importlib.import_module(full), full)
    except ImportError:
        interpreter.record(node, full, kind="name", wrong=f"{module} has no {name}")
        return PLAIN


def _import_from_course(interpreter: Interpreter, module: str, name: str) -> Any:
    names = interpreter.load(module)
    if names is not None and name in names:
        return names[name]
    submodule = interpreter.load(f"{module}.{name}")
    return CourseModule(submodule) if submodule is not None else PLAIN
