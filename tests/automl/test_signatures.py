"""The calls and results have the parameters and attributes of the documented interface."""

from __future__ import annotations

import inspect

import pytest

from lakelab import automl
from tests.databricks.static import documented_automl as documented

CALLS = [name for name, _ in inspect.getmembers(documented, inspect.isfunction)]


def parameters(call):
    """Return names, kinds and defaults; the annotations are more exact than the documentation's."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(call).parameters.values()]


def test_the_documentation_lists_four_calls():
    assert CALLS == ["classify", "forecast", "import_notebook", "regress"]


@pytest.mark.parametrize("call", CALLS)
def test_the_parameters_are_the_official_ones(call):
    assert parameters(getattr(automl, call)) == parameters(getattr(documented, call))


@pytest.mark.parametrize("entity", ["AutoMLSummary", "TrialInfo", "ImportNotebookResult"])
def test_a_result_has_the_documented_attributes(entity):
    result = getattr(automl, entity, None) or getattr(automl.summary, entity)
    attributes = {*getattr(result, "__annotations__", {}), *dir(result)}
    assert set(getattr(documented, entity).__annotations__) <= attributes
