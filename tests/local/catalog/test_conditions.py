"""Each error condition is written once: in the list, which has its SQLSTATE and its code of REST."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lakelab.local
from lakelab.local.catalog import conditions
from lakelab.local.catalog.conditions import Condition

ROOT = Path(lakelab.local.__file__).parent
PACKAGES = (
    "catalog",
    "sql",
    "workspace",
    "feature_engineering",
    "feature_store",
    "spark",
    "serving",
)
OTHER_LISTS = {"catalog/conditions.py", "spark/engine_errors.py"}
"""`engine_errors` has the list of the engine's words, and of the condition that each becomes."""

CONDITIONS = {v for v in vars(conditions).values() if isinstance(v, Condition)}


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the texts of a module that are no docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node


def typed_conditions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the conditions that a module has as text: those of the list, and others in a raise."""
    for text in texts(tree):
        if text.value in CONDITIONS:
            yield text.lineno, text.value
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            values = [k.value for k in call.keywords if k.arg == "condition"]
            if isinstance(call.func, ast.Name) and call.func.id in ("analysis_error", "ApiError"):
                values += call.args[:1]
            yield from (
                (value.lineno, str(value.value))
                for value in values
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
            )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_has_a_condition_as_text(package):
    found = [
        f"{file.relative_to(ROOT)}:{line} {condition}"
        for file in sorted((ROOT / package).rglob("*.py"))
        if file.relative_to(ROOT).as_posix() not in OTHER_LISTS
        for line, condition in typed_conditions(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []


def test_the_check_finds_a_condition_as_text():
    module = '"""SCHEMA_NOT_FOUND"""\nraise analysis_error("NEW", "x")\nx = "SCHEMA_NOT_FOUND"\n'
    assert sorted(typed_conditions(ast.parse(module))) == [(2, "NEW"), (3, "SCHEMA_NOT_FOUND")]


def test_each_condition_has_its_own_name():
    named = {n: v for n, v in vars(conditions).items() if isinstance(v, Condition)}
    assert {name: str(value).replace(".", "_") for name, value in named.items()} == {
        name: name for name in named
    }
    for value in named.values():
        assert value.rest in named.values()
        assert value.rest.rest == value.rest
        assert value.status in (400, 401, 403, 404)  # the clients retry 429 and 5xx for minutes
        assert value.sql_state is None or len(value.sql_state) == 5
