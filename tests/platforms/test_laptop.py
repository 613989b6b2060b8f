"""The course on a laptop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lakelab import serving
from lakelab.local.serving.model_server import ServingError
from lakelab.local.system.home import Home
from lakelab.platforms.laptop import Laptop, notebook_path
from lakelab.runtime import LabError


class FakeTracking:
    """Records the calls of the laptop."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def wait(self) -> None:
        self.calls.append("wait")

    def require_store(self) -> None:
        self.calls.append("require_store")


@pytest.fixture
def tracking() -> FakeTracking:
    return FakeTracking()


@pytest.fixture
def laptop(tmp_path, tracking) -> Laptop:
    workspace: Any = SimpleNamespace(tracking_uri="sqlite:///x")
    unused: Any = SimpleNamespace()
    home = Home(tmp_path).prepare()
    return Laptop(home, workspace, tracking, unused, unused, "main", "lakelab", ["DATABRICKS_HOST"])


def test_a_model_that_cannot_be_served_is_an_error_of_the_lab(laptop, monkeypatch):
    def refuse(*args: Any) -> None:
        raise ServingError("Publish it first")

    monkeypatch.setattr(serving, "serve_from_process", refuse)
    with pytest.raises(LabError, match="Publish it first"):
        laptop.serve("models:/main.lab.delay@Champion")


@pytest.mark.parametrize(
    ("need", "calls"),
    [
        ("tracking", ["wait", "require_store"]),
        ("champion", ["require_store"]),
        ("study", ["require_store"]),
        ("raw_tables", []),
        ("ui", []),
    ],
)
def test_a_need_waits_for_the_store_that_it_uses(laptop, tracking, need, calls):
    laptop.before_preparing(need)
    assert tracking.calls == calls


def test_one_notebook_at_a_time_prepares(laptop):
    with laptop.prepare_lock():
        other = laptop.prepare_lock()
        with pytest.raises(TimeoutError):
            other.acquire(timeout=0)
    with other:
        pass


def test_the_line_names_the_folder_and_the_settings_that_are_not_used(laptop, tmp_path):
    assert laptop.storage == f"kept in {tmp_path} · not used here: DATABRICKS_HOST"


def test_each_environment_is_a_catalog(laptop):
    assert laptop.environments["prod"] == "prod.lakelab"


def test_outside_of_a_notebook_there_is_no_path(monkeypatch):
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: None)
    assert notebook_path() == ""
    shell = SimpleNamespace(
        user_ns={"__vsc_ipynb_file__": "/home/me/06_create_feature_table.ipynb"}
    )
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    assert notebook_path() == "/home/me/06_create_feature_table.ipynb"
