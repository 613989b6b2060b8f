"""Errors of handlers are answered as JSON."""

from __future__ import annotations

import logging

import requests

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.home import Home
from lakelab.local.workspace import start_workspace


def test_an_unexpected_exception_is_logged_and_told_as_400(workspace, monkeypatch, caplog):
    def fail() -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(UnityCatalog, "catalogs", lambda self: fail())
    headers = {"Authorization": f"Bearer {workspace.token}"}
    with caplog.at_level(logging.ERROR):
        answer = requests.get(
            f"{workspace.url}/api/2.1/unity-catalog/catalogs", headers=headers, timeout=5
        )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INTERNAL_ERROR")
    assert "planted" in answer.json()["message"]
    assert "planted" in caplog.text


def test_a_database_that_mlflow_cannot_open_is_told(tmp_path):
    home = Home(tmp_path).prepare()
    (home.mlflow / "mlflow.db").write_bytes(b"this is no database, and long enough to say so" * 40)
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
        answer = requests.get(
            f"{workspace.url}/api/2.0/mlflow/unity-catalog/registered-models/search",
            headers={"Authorization": f"Bearer {workspace.token}"},
            timeout=60,
        )
    assert answer.status_code == 400
    assert str(home.mlflow / "mlflow.db") in answer.json()["message"]
