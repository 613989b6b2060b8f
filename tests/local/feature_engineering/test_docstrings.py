"""The examples in the docstrings are correct."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import lakelab.local.feature_engineering as package

MODULES = [
    "lakelab.local.notebook.import_names",
    *(module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
