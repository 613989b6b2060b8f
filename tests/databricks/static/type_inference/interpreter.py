"""The state of an evaluation, and what each part of the evaluation needs of the others."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections import ChainMap
from dataclasses import dataclass
from typing import Any

from .values import Definition, Scope


@dataclass(frozen=True)
class Finding:
    """One call (or name) that was checked.

    Attributes
    ----------
    unit, line
        Where it is: a cell or module, and the line in it.
    call : str
        What is called, by its full name, or the code where the receiver is unknown.
    wrong : str
        What is wrong with it; empty if it exists and its arguments bind.
    kind : {"call", "name", "unknown"}
        `unknown`: a call on a value of the packages whose type is unknown.
    weak : tuple of str
        Keywords that only a docstring, or the source, names.
    """

    unit: str
    line: int
    call: str
    wrong: str = ""
    kind: str = "call"
    weak: tuple[str, ...] = ()


class Interpreter(ABC):
    """Evaluate code on the kinds of values of `values`, and record the findings.

    Parameters
    ----------
    modules : dict of str to str
        Source of modules of the course, by name; evaluated when they are imported.
    returns : dict of str to str
        What functions and attributes of the packages return where they do not state it themselves, by
        full name; `plain` for strings, numbers and the like.
    by_name : dict of str to str
        What the parameters of a function without callers are, by the name that the course uses.
    """

    def __init__(self, modules: dict[str, str], returns: dict[str, Any], by_name: dict[str, str]):
        self.modules = modules
        self.returns = returns
        self.by_name = by_name
        self.findings: dict[tuple[str, int, int, str], Finding] = {}
        self.unit = ""
        # definitions of the code so far; those that were called; those that are being evaluated
        self.definitions: list[Definition] = []
        self.called: set[ast.AST] = set()
        self.running: list[ast.AST] = []
        # values that each running function has returned so far
        self.returned: list[list[Any]] = []
        # how many branches deep: an assignment in a branch may not happen
        self.branches = 0
        self._loaded: dict[str, Scope] = {}

    @abstractmethod
    def value(self, node: ast.expr | None, scope: Scope) -> Any:
        """Return the value of an expression."""

    @abstractmethod
    def block(self, body: list[ast.stmt], scope: Scope) -> None:
        """Evaluate statements."""

    def branch(self, body: list[ast.stmt], scope: Scope) -> None:
        """Evaluate statements that may not run: names keep what they may have been before."""
        self.branches += 1
        self.block(body, scope)
        self.branches -= 1

    def run(self, unit: str, code: str, scope: Scope) -> None:
        """Evaluate one cell or module."""
        outer, self.unit = self.unit, unit
        self.block(ast.parse(code).body, scope)
        self.unit = outer

    def load(self, name: str) -> Scope | None:
        """Evaluate a module of the course, once; return its names."""
        if name not in self.modules:
            return None
        if name not in self._loaded:
            scope: Scope = ChainMap({})
            self._loaded[name] = scope
            running, self.running = self.running, []
            self.run(name, self.modules[name], scope)
            self.running = running
        return self._loaded[name]

    def record(self, node: ast.AST, call: str, **details: Any) -> None:
        """Record a finding; of two at the same place, the one that is wrong stays."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        key = (self.unit, line, column, call)
        if key not in self.findings or details.get("wrong"):
            self.findings[key] = Finding(self.unit, line, call, **details)

    def value_without_findings(self, node: ast.expr, scope: Scope) -> Any:
        """Return the value of an expression, and record nothing."""
        findings = dict(self.findings)
        value = self.value(node, scope)
        self.findings = findings
        return value

    def define(self, node: ast.AST, scope: Scope) -> Definition:
        """Return the definition of a function or lambda, which is evaluated when it is called."""
        definition = Definition(node, scope, self.unit)
        self.definitions.append(definition)
        return definition
