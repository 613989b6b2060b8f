"""Evaluate all programs of a request, and then what nothing has imported or called."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Iterator
from typing import Any

from . import expressions, statements
from .definitions import call_definition
from .interpreter import Finding, Interpreter
from .values import CourseObject, Scope


class Walk(Interpreter):
    """An interpreter with a handler for each type of expression and statement."""

    def value(self, node: ast.expr | None, scope: Scope) -> Any:
        return expressions.evaluate(self, node, scope)

    def block(self, body: list[ast.stmt], scope: Scope) -> None:
        for statement in body:
            statements.evaluate(self, statement, scope)

    def finish(self) -> None:
        """Evaluate the functions without callers."""
        for definition in self.definitions:
            if definition.node not in self.called:
                call_definition(self, definition, [], {}, guess=True)


def walk_all(request: dict[str, Any]) -> Iterator[Finding]:
    """Check the programs of a request, each with names of its own; modules of the course come last."""
    walk = Walk(request["modules"], request["returns"], request["by_name"])
    for program in request["programs"]:
        scope: Scope = ChainMap({})
        lab = walk.load("lakelab.lab")
        if lab is not None and "Lab" in lab:
            scope["lab"] = CourseObject(lab["Lab"])
        for unit, code in program:
            walk.run(unit, code, scope)
    for module in request["modules"]:
        walk.load(module)
    walk.finish()
    yield from walk.findings.values()
