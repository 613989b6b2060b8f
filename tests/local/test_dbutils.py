"""`dbutils` and `display` on a laptop."""

from __future__ import annotations

import pandas as pd
import pytest

from lakelab.local.notebook import display as display_module
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


def test_display_shows_the_first_rows_of_a_spark_dataframe(spark, monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing.data))
    display_module.display(spark.range(50), pd.DataFrame({"<b>": [None]}))
    assert shown[0].count("<tr>") == 20  # beside the row of the header, which has a style
    assert "the first 20 rows" in shown[0]
    assert "&lt;b&gt;" in shown[1]
    assert "null" in shown[1]
