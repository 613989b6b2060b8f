"""Ours has the parameters of the documented interface: its calls run where Databricks' own is, and back."""

from __future__ import annotations

import inspect

import pytest

from lakelab import automl
from tests.databricks.static import documented_automl as documented

CALLS = [name for name, _ in inspect.getmembers(documented, inspect.isfunction)]


def parameters(call):
    """Give names, kinds and defaults; our annotations are more exact than the documentation's."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(call).parameters.values()]


def test_the_documented_calls_are_there():
    assert CALLS == ["classify", "forecast", "import_notebook", "regress"]


@pytest.mark.parametrize("call", CALLS)
def test_the_parameters_are_the_official_ones(call):
    assert parameters(getattr(automl, call)) == parameters(getattr(documented, call))


@pytest.mark.parametrize("entity", ["AutoMLSummary", "TrialInfo", "ImportNotebookResult"])
def test_a_result_tells_what_is_documented(entity):
    ours = getattr(automl, entity, None) or getattr(automl.summary, entity)
    told = {*getattr(ours, "__annotations__", {}), *dir(ours)}
    assert set(getattr(documented, entity).__annotations__) <= told
