"""A workspace that answers on 127.0.0.1, and a login for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from typer.testing import CliRunner

from lakelab import cli
from lakelab.upload.course import Item, course
from lakelab.upload.folder import Folder
from lakelab.upload.plan import apply_plan, make_plan
from lakelab.upload.target import UploadTarget
from tests.upload.workspace_double import HOME, TOKEN, Tree, WorkspaceDouble

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def items() -> list[Item]:
    """Return the items of the course."""
    return course(ROOT)


@pytest.fixture(scope="session")
def double() -> Iterator[WorkspaceDouble]:
    """Start a workspace for all tests."""
    double = WorkspaceDouble().start()
    yield double
    double.reset()
    double.stop()


@pytest.fixture
def workspace(double) -> WorkspaceDouble:
    """Return an empty workspace."""
    double.reset()
    return double


@pytest.fixture
def home(workspace, tmp_path, monkeypatch) -> Path:
    """Return a home folder with the profile `work` and no other login."""
    for name in [name for name in os.environ if name.startswith("DATABRICKS_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    profile = f"[work]\nhost = {workspace.url}\ntoken = {TOKEN}\n"
    (home / ".databrickscfg").write_text(profile, encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path / "lab"))
    return home


@pytest.fixture
def upload(home, items, monkeypatch):
    """Return a function that runs `lakelab upload` with the profile `work`."""
    monkeypatch.setattr(cli.console, "width", 200)
    # the same each time: built once for all tests
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))

    def run(*arguments: str, profile: str = "work"):
        return CliRunner().invoke(cli.app, ["upload", "--profile", profile, *arguments])

    return run


@pytest.fixture(scope="session")
def tree_after(double, items) -> Tree:
    """Return the objects of a workspace after an upload."""
    double.reset()
    client = WorkspaceClient(host=double.url, token=TOKEN)
    folder = Folder(client, UploadTarget.parse(f"{HOME}/lakelab"))
    list(apply_plan(folder, make_plan(folder, items, lambda item: None), force=False))
    return double.tree


@pytest.fixture
def uploaded(tree_after, workspace) -> WorkspaceDouble:
    """Return a workspace with the uploaded course."""
    workspace.tree = deepcopy(tree_after)
    return workspace
