"""The workspace folders of AutoML."""

from __future__ import annotations

import getpass
from pathlib import Path

from lakelab.automl import locations


def test_notebooks_are_files_in_the_folder_of_the_experiments(monkeypatch, tmp_path):
    monkeypatch.setenv(locations.USER_VARIABLE, "ana@example.com")
    monkeypatch.setenv(locations.FOLDER_VARIABLE, str(tmp_path))
    assert locations.experiments_folder() == "/Users/ana@example.com/databricks_automl"
    assert locations.notebooks_folder() == tmp_path / "databricks_automl"
    assert locations.notebooks_folder("/Users/ana@example.com/mine/") == tmp_path / "mine"


def test_a_folder_outside_the_users_folder_gets_one_below_it(monkeypatch, tmp_path):
    monkeypatch.setenv(locations.USER_VARIABLE, "ana@example.com")
    monkeypatch.setenv(locations.FOLDER_VARIABLE, str(tmp_path))
    assert locations.notebooks_folder("/Shared/lab") == tmp_path / "Shared_lab"
    assert locations.notebooks_folder("/Users/ana@example.com/../bob").parent == tmp_path


def test_without_settings_the_user_of_the_machine_and_the_home_folder_are_used(monkeypatch):
    monkeypatch.setenv(locations.USER_VARIABLE, "")
    monkeypatch.setenv(locations.FOLDER_VARIABLE, "")
    assert locations.current_user() == getpass.getuser()
    assert locations.notebooks_folder() == Path.home() / "databricks_automl"
