"""Tests mirror the source: `tests/local/sql/statements/test_describe.py` for `local/sql/statements/describe.py`.

A module without a test of its name says in its docstring where it is tested, and that test exists. The
modules of a lesson are tested by `tests/lessons/test_lesson_NN.py`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lakelab"
TESTED_IN = re.compile(r"^Tested in ``(?P<path>tests/[\w/]+\.py)``\.$", re.MULTILINE)


def has_behaviour(tree: ast.Module) -> bool:
    """Return whether a module defines more than its docstring, imports and ``__all__``."""
    return any(
        isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for node in tree.body
    )


def modules() -> list[Path]:
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if has_behaviour(ast.parse(path.read_text(encoding="utf-8")))
    ]


def expected_test(module: Path) -> Path:
    """Return where the test of a module belongs.

    Examples
    --------
    >>> expected_test(SOURCE / "local/sql/run.py").relative_to(ROOT).as_posix()
    'tests/local/sql/test_run.py'
    >>> expected_test(SOURCE / "automl/__init__.py").relative_to(ROOT).as_posix()
    'tests/automl/test_automl.py'
    >>> expected_test(SOURCE / "lessons/lesson_06/exercises.py").relative_to(ROOT).as_posix()
    'tests/lessons/test_lesson_06.py'
    """
    place = module.relative_to(SOURCE)
    if match := re.search(r"lesson_\d\d", place.as_posix()):
        return ROOT / "tests" / "lessons" / f"test_{match[0]}.py"
    name = place.parent.name if place.stem == "__init__" else place.stem
    return ROOT / "tests" / place.parent / f"test_{name}.py"


@pytest.mark.parametrize(
    "module", modules(), ids=lambda module: module.relative_to(SOURCE).as_posix()
)
def test_a_module_has_a_test_of_its_name_or_says_where_it_is_tested(module: Path) -> None:
    own = expected_test(module)
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    elsewhere = TESTED_IN.search(docstring)
    assert own.is_file() or elsewhere, (
        f"Neither {own.relative_to(ROOT)} exists, nor does the docstring end with "
        "``Tested in ``tests/...``.``"
    )
    if elsewhere:
        assert (ROOT / elsewhere["path"]).is_file(), f"{elsewhere['path']} does not exist."
