"""Check that a call binds to the signature of a function of the packages; resolve what it returns."""

from __future__ import annotations

import ast
import inspect
import re
import types
from dataclasses import dataclass
from typing import Any

from .annotations import module_of, of_annotation, of_docstring, of_notation
from .interpreter import Interpreter
from .values import Instance, PackageMember


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call.

    Attributes
    ----------
    positional : list
        Values of the positional arguments, those of ``*args`` among them.
    written_out : list
        The same without those of ``*args``.
    keywords : dict
        Values of the keywords, those of a dict that is written out among them.
    open_ended : bool
        Whether ``*args`` or ``**kwargs`` may bring more.
    literals : set of str
        Keywords whose values are written out, as "keyword=value".
    """

    positional: list[Any]
    written_out: list[Any]
    keywords: dict[str, Any]
    open_ended: bool
    literals: frozenset[str] = frozenset()

    def values(self) -> list[Any]:
        """Return the values of all arguments."""
        return [*self.positional, *self.keywords.values()]


def check_call(
    interpreter: Interpreter, callee: PackageMember, arguments: Arguments, node: ast.AST
) -> None:
    """Record whether a function can be called with these arguments."""
    thing = callee.thing
    if isinstance(thing, types.ModuleType) or not callable(thing):
        interpreter.record(node, callee.name, wrong=f"{callee.name} cannot be called")
        return
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        interpreter.record(node, callee.name, weak=("no signature",))
        return
    first = [object()] if callee.bound else []
    bind = signature.bind_partial if arguments.open_ended else signature.bind
    try:
        bound = bind(*first, *arguments.written_out, **arguments.keywords)
    except TypeError as error:
        interpreter.record(node, callee.name, wrong=str(error))
        return
    collecting = [p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
    collected = bound.arguments.get(collecting[0], {}) if collecting else {}
    unknown = [name for name in collected if not _documents(thing, name, arguments.keywords)]
    if unknown:
        interpreter.record(
            node,
            callee.name,
            wrong=f"neither its signature nor its documentation knows {', '.join(unknown)}",
        )
    else:
        interpreter.record(node, callee.name, weak=tuple(collected))


def _documents(thing: Any, keyword: str, keywords: dict[str, Any]) -> bool:
    """Return whether a function with `**kwargs` means this keyword: by a flavor, its text or its code."""
    flavor = keywords.get("flavor")
    if isinstance(flavor, PackageMember) and isinstance(flavor.thing, types.ModuleType):
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


def returned_by(
    interpreter: Interpreter, callee: PackageMember, literals: frozenset[str] = frozenset()
) -> Any:
    """Return the value that a call of a function or class of the packages returns."""
    thing, name = callee.thing, callee.name
    if isinstance(thing, type):
        return Instance(thing)
    notation = _known_return(interpreter, callee, literals)
    if notation is not None:
        return of_notation(notation)
    inner = inspect.unwrap(thing)
    annotation = getattr(inner, "__annotations__", {}).get("return", inspect.Parameter.empty)
    if annotation is not inspect.Parameter.empty:
        return of_annotation(annotation, module_of(thing), name)
    return of_docstring(thing, name)


def _known_return(
    interpreter: Interpreter, callee: PackageMember, literals: frozenset[str]
) -> str | None:
    """Return what `known.yaml` has for a function; it may depend on a keyword's literal."""
    inner = inspect.unwrap(callee.thing)
    qualified = f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', '')}"
    for name in (callee.name, qualified, getattr(inner, "__qualname__", "")):
        notation = interpreter.returns.get(name)
        if isinstance(notation, dict):
            return next(
                (notation[one] for one in literals if one in notation), notation["otherwise"]
            )
        if notation is not None:
            return notation
    return None
