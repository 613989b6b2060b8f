"""`dbutils` on a laptop."""

from __future__ import annotations

import pytest

from lakelab.local.notebook.dbutils import LocalDbUtils, WidgetNotDefinedError


def test_a_widget_has_its_default_or_what_the_environment_says(monkeypatch):
    dbutils = LocalDbUtils()
    dbutils.widgets.text("catalog", "main")
    monkeypatch.setenv("LAKELAB_SCHEMA", "mine")
    dbutils.widgets.dropdown("schema", "a", ["a", "b"])
    assert dbutils.widgets.getAll() == {"catalog": "main", "schema": "mine"}
    dbutils.widgets.remove("schema")
    with pytest.raises(WidgetNotDefinedError, match="schema.*Defined are: catalog"):
        dbutils.widgets.get("schema")


def test_what_is_not_there_says_so():
    with pytest.raises(AttributeError, match="dbutils.fs runs on Databricks only"):
        LocalDbUtils().fs.ls("/")
    LocalDbUtils().library.restartPython()
