"""Names and docstrings are in the words of ARCHITECTURE.md; the list below is what a test can hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)

NOT_A_VERB_FOR_A_DOCSTRING = {
    "Ask",
    "Get",
    "Give",
    "Know",
    "Let",
    "Look",
    "Name",
    "Put",
    "Say",
    "See",
    "Tell",
}
LOOK_UP = "Look up"
"""A term of the field: features are looked up."""
NOT_A_NAME = {
    "anew",
    "asks_quietly",
    "carry_out",
    "leash",
    "leftovers",
    "names_as_written",
    "nothing",
    "read_anew",
    "register_anew",
    "remembered",
    "seen_log",
    "take_turns",
    "tell_inserted",
    "tell_rewritten",
    "told",
    "watch_writes",
    "whoever",
}


def documented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the docstring of a module, and of each class and function in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield getattr(node, "lineno", 1), docstring


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each variable, parameter, function and class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def in_names(word: str, name: str) -> bool:
    """Return whether a name is a word, or has it as a part between underscores.

    Examples
    --------
    >>> in_names("told", "_told"), in_names("told", "tolder"), in_names("read_anew", "_read_anew")
    (True, False, True)
    """
    return re.search(rf"(?:^|_){word}(?:_|$)", name) is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_uses_the_words_of_the_field(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        f"line {line}: the docstring begins with {docstring.split()[0]}"
        for line, docstring in documented(tree)
        if docstring.split()[0] in NOT_A_VERB_FOR_A_DOCSTRING and not docstring.startswith(LOOK_UP)
    ]
    found += [
        f"line {line}: the name {name}"
        for line, name in names(tree)
        if any(in_names(word, name) for word in NOT_A_NAME) and not name.startswith("test_")
    ]
    assert not found, "\n".join(found)
