"""`_lab.py`, the one set-up cell: a Databricks notebook, and a script to `%run` in Jupyter."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import types
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lakelab import start as start_module
from lakelab.lessons.lesson_02.runtimes import course_requirements, entries
from lakelab.upload.course import build_wheel
from tests.notebooks.set_up import said, set_up

LAB = Path(__file__).parents[2] / "notebooks" / "_lab.py"


def test_it_is_a_databricks_notebook_that_installs_before_anything_else():
    source = LAB.read_text(encoding="utf-8")
    cells = [cell.strip() for cell in source.split("# COMMAND ----------")]
    assert cells[0].startswith("# Databricks notebook source")
    assert cells[1].startswith("# MAGIC %pip install")
    assert "restartPython()" in cells[2]
    installed = set(re.findall(r"[\w-]+(?=[\[>\" \n]|$)", cells[1].partition("--quiet")[2]))
    assert {
        "databricks-feature-engineering",
        "mlflow-skinny",
        "pyyaml",
        "scikit-learn",
    } <= installed
    assert "pyspark" not in cells[1], "it stops the session on serverless"
    assert "mlflow" not in installed, "no runtime has it: pip would fetch the newest one everywhere"


def test_it_installs_what_the_package_declares_for_databricks():
    line = LAB.read_text(encoding="utf-8").partition("%pip install --quiet ")[2].splitlines()[0]
    asked = {one.name: one.specifier for one in map(Requirement, shlex.split(line))}
    declared = {one.name: one.specifier for one in course_requirements()}
    assert set(asked) == set(declared) - {"pandas"}, "each runtime has pandas, and pins it"
    for name in ("databricks-feature-engineering", "databricks-sdk", "mlflow-skinny", "optuna"):
        assert asked[name] == declared[name]


def test_no_runtime_that_the_course_names_gets_another_mlflow_but_those_before_3():
    """What is there already, pip leaves alone."""
    [versions] = re.findall(r"mlflow-skinny\[databricks\]([^\"]+)", LAB.read_text(encoding="utf-8"))
    shipped = {entry["name"]: entry["packages"]["mlflow-skinny"] for entry in entries()}
    replaced = {
        name for name, version in shipped.items() if Version(version) not in SpecifierSet(versions)
    }
    assert all(Version(shipped[name]) < Version("3") for name in replaced)
    assert {"DBR 17.3 LTS ML", "DBR 19 ML"} <= set(shipped) - replaced


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


@pytest.mark.parametrize(
    "notebook_path",
    [
        "/Repos/me/lakelab/notebooks/06_create_feature_table",
        "/Workspace/Repos/me/lakelab/notebooks/06_create_feature_table",  # a task of a bundle's job
        None,
    ],
)
def test_on_databricks_src_is_on_the_path_as_an_absolute_path(monkeypatch, tmp_path, notebook_path):
    started: list[tuple] = []
    monkeypatch.setattr(
        start_module,
        "start",
        lambda spark, dbutils: started.append((spark, dbutils)) or {"SCHEMA": "s"},
    )
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.endswith("/src")])
    monkeypatch.chdir(tmp_path)
    dbutils = Chain(notebook_path)
    dbutils.library = types.SimpleNamespace(restartPython=dbutils.restartPython)
    names = {"spark": "the session", "dbutils": dbutils}

    exec(compile(LAB.read_text(encoding="utf-8"), "_lab", "exec"), names)

    wanted = "/Workspace/Repos/me/lakelab/src" if notebook_path else str(tmp_path.parent / "src")
    assert sys.path[0] == wanted
    assert dbutils.restarted == 1
    assert started == [("the session", dbutils)]
    assert names["SCHEMA"] == "s"


def test_an_old_python_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit, match=r"this is Python 3\.9, expected 3\.11, 3\.12 or 3\.13"):
        exec(compile(LAB.read_text(encoding="utf-8"), "_lab", "exec"), {"__file__": str(LAB)})


def test_a_python_without_the_packages_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "lakelab.start", None)
    with pytest.raises(SystemExit, match="missing from this Python.*make lab"):
        exec(compile(LAB.read_text(encoding="utf-8"), "_lab", "exec"), {"__file__": str(LAB)})


# ---- what `lakelab upload` brings: no ../src, but ../dist/lakelab-*.whl ---------------------------
@pytest.fixture(scope="session")
def wheel():
    return build_wheel(LAB.parents[1])


@pytest.fixture
def brought(tmp_path, wheel):
    """Create a folder as `lakelab upload` leaves it, as far as the set-up needs it."""
    name, content = wheel
    course = tmp_path / "Users" / "ana@example.com" / "[lab] 1"
    for folder in ("dist", "notebooks", "temporary"):
        (course / folder).mkdir(parents=True)
    (course / "dist" / name).write_bytes(content)
    shutil.copy(LAB, course / "notebooks" / "_lab")
    shutil.copytree(LAB.parents[1] / "resources", course / "resources")
    for file in ("databricks.yml", "pyproject.toml"):
        shutil.copy(LAB.parents[1] / file, course)
    return course


@pytest.mark.skipif(os.name != "posix", reason="only Databricks has a wheel there")
class TestUploaded:
    """The set-up in a folder that `lakelab upload` made."""

    def test_two_notebooks_unpack_the_wheel_once(self, brought):
        first, second = [said(one) for one in (set_up(brought), set_up(brought))]
        assert first == second
        [folder] = (brought / "temporary").glob("lakelab-*")
        assert first == folder / "src" / "lakelab" / "__init__.py"
        here = LAB.parents[1]
        for file in sorted((here / "src/lakelab").rglob("*")):
            if file.suffix in (".py", ".yaml", ".parquet"):
                copy = folder / file.relative_to(here)
                assert copy.read_bytes() == file.read_bytes(), file
        # what lessons 02 and 16 read, where they look for it
        for name in ("databricks.yml", "pyproject.toml", "resources"):
            assert (folder / name).exists()

    def test_the_newest_of_several_wheels_counts_and_a_newer_one_is_unpacked(self, brought, wheel):
        for version in ("0.2.0", "0.10.0"):
            newer = brought / "dist" / f"lakelab-{version}-py3-none-any.whl"
            with zipfile.ZipFile(newer, "w") as file:
                file.writestr("lakelab/__init__.py", "")
                file.writestr("lakelab/start.py", f"def start(*_):\n    return {{}}\n# {version}")
        place = said(set_up(brought))
        assert "lakelab-0.10.0-" in str(place)
        for version in ("0.2.0", "0.10.0"):
            (brought / "dist" / f"lakelab-{version}-py3-none-any.whl").unlink()
        assert wheel[0] in str(said(set_up(brought)))

    @pytest.mark.skipif(
        os.name == "posix" and os.getuid() != 0, reason="only root gives a folder away"
    )
    def test_what_somebody_else_put_into_the_temporary_folder_is_not_run(self, brought):
        said(set_up(brought))
        [folder] = (brought / "temporary").glob("lakelab-*")
        os.chown(folder, 65534, 65534)
        out, _ = (process := set_up(brought)).communicate()
        assert process.returncode != 0
        assert "not empty" in out

    def test_src_beside_the_notebooks_comes_first(self, brought):
        shutil.copytree(
            LAB.parents[1] / "src", brought / "src", ignore=shutil.ignore_patterns("data")
        )
        assert said(set_up(brought)) == brought / "src" / "lakelab" / "__init__.py"
        assert not list((brought / "temporary").iterdir())

    def test_a_folder_without_the_course_says_what_to_bring(self, brought):
        shutil.rmtree(brought / "dist")
        out, _ = (process := set_up(brought)).communicate()
        assert process.returncode == 1
        assert out.startswith("lakelab: the package 'lakelab' is missing")
        assert "`lakelab upload` or a Git folder" in out
