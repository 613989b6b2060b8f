"""`_lab.py`, the one set-up cell: a Databricks notebook, and a script to `%run` in Jupyter."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from lakelab import lab

LAB = Path(__file__).parents[2] / "notebooks" / "_lab.py"


def test_it_is_a_databricks_notebook_that_installs_before_anything_else():
    source = LAB.read_text(encoding="utf-8")
    cells = [cell.strip() for cell in source.split("# COMMAND ----------")]
    assert cells[0].startswith("# Databricks notebook source")
    assert cells[1].startswith("# MAGIC %pip install")
    assert "restartPython()" in cells[2]
    installed = set(re.findall(r"[\w-]+(?=[>\" \n]|$)", cells[1].partition("--quiet")[2]))
    assert {"databricks-feature-engineering", "mlflow", "pyyaml", "scikit-learn"} <= installed
    assert "pyspark" not in cells[1], "it stops the session on serverless"


class Chain:
    """`dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get()`."""

    def __init__(self, path: str | None):
        self._path = path
        self.restarted = 0

    def __getattr__(self, name: str):
        if self._path is None:
            raise PermissionError("not on this kind of compute")
        return self

    def __call__(self) -> Chain:
        return self

    def get(self) -> str:
        return str(self._path)

    def restartPython(self) -> None:
        self.restarted += 1


@pytest.mark.parametrize("told", ["/Repos/me/lakelab/notebooks/06_create_feature_table", None])
def test_on_databricks_src_is_on_the_path_as_an_absolute_path(monkeypatch, tmp_path, told):
    started: list[tuple] = []
    monkeypatch.setattr(
        lab, "start", lambda spark, dbutils: started.append((spark, dbutils)) or {"SCHEMA": "s"}
    )
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.endswith("/src")])
    monkeypatch.chdir(tmp_path)
    dbutils = Chain(told)
    dbutils.library = types.SimpleNamespace(restartPython=dbutils.restartPython)
    names = {"spark": "the session", "dbutils": dbutils}

    exec(compile(LAB.read_text(encoding="utf-8"), "_lab", "exec"), names)

    wanted = "/Workspace/Repos/me/lakelab/src" if told else str(tmp_path.parent / "src")
    assert sys.path[0] == wanted
    assert dbutils.restarted == 1
    assert started == [("the session", dbutils)]
    assert names["SCHEMA"] == "s"


def test_an_old_python_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit, match=r"this is Python 3\.9, expected 3\.11, 3\.12 or 3\.13"):
        exec(compile(LAB.read_text(encoding="utf-8"), "_lab", "exec"), {"__file__": str(LAB)})


def test_a_python_without_the_packages_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "lakelab.lab", None)
    with pytest.raises(SystemExit, match="missing from this Python.*make lab"):
        exec(compile(LAB.read_text(encoding="utf-8"), "_lab", "exec"), {"__file__": str(LAB)})
