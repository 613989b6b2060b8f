"""Facts about the process: the platform, settings, and the folder for local state."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lakelab import runtime
from lakelab.runtime import LabError


def test_the_home_is_the_variable_else_the_project_else_the_users_home(monkeypatch, tmp_path):
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path / "x"))
    assert runtime.find_home().real_path == tmp_path / "x"
    monkeypatch.delenv("LAKELAB_HOME")
    assert runtime.find_home().real_path == runtime.project_root() / ".lakelab"
    monkeypatch.setattr(runtime, "project_root", lambda: None)
    assert runtime.find_home().real_path == Path.home() / ".lakelab"


def test_an_error_is_one_line_in_a_notebook():
    assert LabError("do this")._render_traceback_() == ["lakelab: do this"]


def test_the_runtimes_variable_decides_whether_this_is_databricks(monkeypatch):
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    assert not runtime.on_databricks()
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.5.1")
    assert runtime.on_databricks()


@pytest.mark.parametrize(
    ("widgets", "variable", "expected"),
    [
        ({"catalog": "ml"}, "other", "ml"),
        ({"catalog": ""}, "other", "other"),
        ({}, "other", "other"),
        ({}, "", None),
    ],
)
def test_a_setting_is_a_widget_else_a_variable(monkeypatch, widgets, variable, expected):
    monkeypatch.setenv("LAKELAB_CATALOG", variable)
    dbutils = SimpleNamespace(widgets=SimpleNamespace(getAll=lambda: widgets))
    assert runtime.read_setting("catalog", dbutils) == expected


def test_without_dbutils_a_setting_is_a_variable(monkeypatch):
    monkeypatch.setenv("LAKELAB_WORKSPACE_B", "other")
    assert runtime.read_setting("workspace_b") == "other"
